import JSON
import Torch

extension Quantization {
  /// `quantization_config` of config.json, as transformers writes it.
  ///
  /// - Parameter dtype: that products are taken in.
  public func json(computing dtype: DType) -> JSONObject {
    let dense = JSONValue.array((["lm_head"] + skippedModules).map(JSONValue.string))
    switch format {
    case .nf4, .fp4, .int8:
      return [
        "_load_in_4bit": .bool(format != .int8), "_load_in_8bit": .bool(format == .int8),
        "bnb_4bit_compute_dtype": .string("\(dtype)"), "bnb_4bit_quant_storage": "uint8",
        "bnb_4bit_quant_type": .string(format == .nf4 ? "nf4" : "fp4"),
        "bnb_4bit_use_double_quant": .bool(format != .int8 && nestsScales),
        "llm_int8_enable_fp32_cpu_offload": false, "llm_int8_has_fp16_weight": false,
        "llm_int8_skip_modules": dense, "llm_int8_threshold": 6.0, "load_in_4bit": .bool(format != .int8),
        "load_in_8bit": .bool(format == .int8), "quant_method": "bitsandbytes",
      ]
    case .gptq:
      var json: JSONObject = [
        "bits": .int(bits), "checkpoint_format": "gptq", "desc_act": .bool(ordersByActivation),
        "group_size": .int(blockSize), "lm_head": false, "pack_dtype": "int32", "quant_method": "gptq",
        "sym": .bool(isSymmetric),
      ]
      if !skippedModules.isEmpty {
        let rules = skippedModules.map { name in
          ("-:.*" + name.replacing(".", with: "\\."), JSONValue.object([:]))
        }
        json["dynamic"] = .object(JSONObject(rules))
      }
      return json
    case .awq:
      return [
        "bits": .int(bits), "group_size": .int(blockSize), "modules_to_not_convert": dense,
        "quant_method": "awq", "version": "gemm", "zero_point": .bool(!isSymmetric),
      ]
    case .float8:
      return [
        "activation_scheme": "dynamic", "modules_to_not_convert": dense, "quant_method": "fp8",
        "weight_block_size": .array(Float8Weight.blockShape.map(JSONValue.int)),
      ]
    }
  }
}
