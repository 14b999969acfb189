import Files
import JSON
import Testing
import Torch

@testable import Models

/// Every kind of bad model is an error in one line that names what is wrong.
struct BadModelTests {
  private func message(_ folder: String, task: ModelTask? = nil) throws -> String {
    let error = try #require(throws: (any Error).self) {
      try PretrainedModel.load(folder: folder, task: task)
    }
    let text = "\(error)"
    #expect(!text.contains("\n"))
    return text
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let key: String
    let value: JSONValue?
    let fragments: [String]
    var testDescription: String { "\(key): \(value.map { "\($0)" } ?? "missing")" }
  }

  static let configurations: [Case] = [
    Case(
      key: "model_type", value: "llamma", fragments: ["model_type is \"llamma\"", "the closest is llama"]),
    Case(key: "model_type", value: nil, fragments: ["model_type is missing"]),
    Case(key: "model_type", value: 7, fragments: ["model_type is 7", "must be text"]),
    Case(key: "hidden_act", value: "siluu", fragments: ["hidden_act", "the closest is silu"]),
    Case(key: "hidden_act", value: "mish", fragments: ["hidden_act is \"mish\"", "supported are"]),
    Case(key: "hidden_size", value: nil, fragments: ["hidden_size is missing"]),
    Case(key: "hidden_size", value: "32", fragments: ["hidden_size is \"32\"", "whole number"]),
    Case(key: "hidden_size", value: 0, fragments: ["hidden_size is 0"]),
    Case(key: "hidden_size", value: 33, fragments: ["hidden_size is 33", "multiple of num_attention_heads"]),
    Case(
      key: "hidden_size", value: 64, fragments: ["of another shape", "model.embed_tokens.weight is [64, 32]"]),
    Case(key: "head_dim", value: 16, fragments: ["q_proj.weight is [32, 32], the model needs [64, 32]"]),
    Case(key: "head_dim", value: 7, fragments: ["head_dim is 7", "must be even"]),
    Case(key: "vocab_size", value: nil, fragments: ["vocab_size is missing"]),
    Case(key: "vocab_size", value: .int(1 << 40), fragments: ["vocab_size"]),
    Case(key: "vocab_size", value: 2_000_000_000, fragments: ["embed_tokens.weight is [64, 32]"]),
    Case(key: "num_hidden_layers", value: 3, fragments: ["9 tensors missing: model.layers.2"]),
    Case(key: "num_hidden_layers", value: 1e9, fragments: ["num_hidden_layers", "at most"]),
    Case(key: "num_hidden_layers", value: -1, fragments: ["num_hidden_layers is -1"]),
    Case(key: "num_key_value_heads", value: 3, fragments: ["num_key_value_heads is 3", "must divide"]),
    Case(key: "num_attention_heads", value: 2.5, fragments: ["num_attention_heads is 2.5"]),
    Case(key: "attention_bias", value: true, fragments: ["8 tensors missing", "q_proj.bias"]),
    Case(key: "attention_bias", value: "yes", fragments: ["attention_bias is \"yes\"", "true or false"]),
    Case(key: "attention_dropout", value: 1.5, fragments: ["attention_dropout is 1.5"]),
    Case(key: "rope_theta", value: 0, fragments: ["rope_theta is 0"]),
    Case(
      key: "rope_scaling", value: ["type": "yarnn"], fragments: ["rope_scaling.type", "did you mean yarn"]),
    Case(key: "rope_scaling", value: ["type": "linear"], fragments: ["factor is missing"]),
    Case(
      key: "rope_scaling", value: ["rope_type": "linear", "factor": "2"], fragments: ["rope_scaling.factor"]),
    Case(
      key: "rope_scaling", value: ["rope_type": "linear", "factor": 0],
      fragments: ["rope_scaling.factor is 0"]),
    Case(key: "rope_scaling", value: 3, fragments: ["rope_scaling is 3", "an object"]),
    Case(
      key: "rope_scaling", value: ["type": "longrope", "short_factor": [1], "long_factor": [1]],
      fragments: ["short_factor", "a list of 4 numbers"]),
    Case(
      key: "rope_scaling",
      value: ["rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1],
      fragments: ["high_freq_factor", "above low_freq_factor"]),
    Case(key: "partial_rotary_factor", value: 0.5, fragments: ["partial_rotary_factor is 0.5"]),
    Case(
      key: "quantization_config", value: ["quant_method": "hqq"], fragments: ["quantization_config (hqq)"]),
    Case(
      key: "quantization_config", value: ["quant_method": "gptq", "bits": 5, "group_size": 32],
      fragments: ["bits is 5", "2, 3, 4 or 8"]),
    Case(
      key: "quantization_config", value: ["quant_method": "gptq", "bits": 4, "group_size": 0],
      fragments: ["group_size is 0"]),
    Case(
      key: "quantization_config",
      value: ["quant_method": "gptq", "bits": 4, "group_size": 32, "checkpoint_format": "marlin"],
      fragments: ["checkpoint_format is \"marlin\"", "gptq_v2"]),
    Case(
      key: "quantization_config",
      value: ["quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemv"],
      fragments: ["version is \"gemv\"", "gemm"]),
    Case(
      key: "quantization_config", value: ["quant_method": "fp8", "weight_block_size": [128]],
      fragments: ["weight_block_size is [128]"]),
    Case(
      key: "quantization_config", value: ["quant_method": "compressed-tensors", "format": "pack-quantized"],
      fragments: ["format is \"pack-quantized\""]),
    Case(key: "torch_dtype", value: "float31", fragments: ["torch_dtype is \"float31\""]),
    Case(key: "architectures", value: ["LlamaForQuestionAnswering"], fragments: ["architectures", "--task"]),
    Case(key: "tie_word_embeddings", value: 1, fragments: ["tie_word_embeddings is 1"]),
  ]

  @Test(arguments: configurations)
  func aBadConfigurationIsNamed(_ bad: Case) throws {
    let copy = try TemporaryModel("llama")
    try copy.configure([bad.key: bad.value])
    let message = try message(copy.folder)
    for fragment in bad.fragments { #expect(message.contains(fragment), "\(message)") }
    #expect(message.contains(copy.folder))
  }

  static let windows: [Case] = [
    Case(
      key: "layer_types", value: ["full_attention"], fragments: ["layer_types", "one kind for each of the 2"]),
    Case(key: "layer_types", value: ["full_attention", "linear"], fragments: ["linear is not supported"]),
    Case(
      key: "layer_types", value: ["full_attention", "sliding_attention"], fragments: ["needs sliding_window"]),
    Case(key: "head_dim", value: 16, fragments: ["of another shape"]),
  ]

  @Test(arguments: windows)
  func aBadWindowIsNamed(_ bad: Case) throws {
    let copy = try TemporaryModel("qwen2")
    try copy.configure([bad.key: bad.value])
    let message = try message(copy.folder)
    for fragment in bad.fragments { #expect(message.contains(fragment), "\(message)") }
  }

  @Test func aMissingFolderIsNamed() throws {
    #expect(try message("/nowhere/at-all").contains("no folder called /nowhere/at-all"))
    #expect(try message("nobody/no-such-model").contains("no folder called nobody/no-such-model"))
    #expect(try message("\(Golden.model("llama"))/config.json").contains("is a file"))
  }

  @Test func missingFilesAreNamed() throws {
    let copy = try TemporaryModel("llama")
    try Folder.removeFile("\(copy.folder)/model.safetensors")
    #expect(try message(copy.folder).contains("no model.safetensors"))
    try Folder.removeFile("\(copy.folder)/config.json")
    #expect(try message(copy.folder).contains("config.json"))
  }

  @Test(arguments: ["", "{", "[]", "{\"model_type\": }", "\u{0}\u{1}"])
  func aConfigurationThatIsNoObjectIsNamed(text: String) throws {
    let copy = try TemporaryModel("llama")
    try AtomicFile.write("\(copy.folder)/config.json", text)
    #expect(try message(copy.folder).contains("config.json"))
  }

  @Test(arguments: [0, 7, 8, 100, 4000, 20000])
  func truncatedWeightsAreNamed(length: Int) throws {
    let copy = try TemporaryModel("llama")
    let path = "\(copy.folder)/model.safetensors"
    try AtomicFile.write(path, WholeFile.read(path).prefix(length))
    #expect(try message(copy.folder).contains("model.safetensors"))
  }

  @Test func missingTensorsAreNamedWithTheNearest() throws {
    let copy = try TemporaryModel("llama")
    try copy.edit { $0["model.nrm.weight"] = $0.removeValue(forKey: "model.norm.weight") }
    let message = try message(copy.folder)
    #expect(message.contains("1 tensor missing: model.norm.weight (the file has model.nrm.weight)"))
  }

  @Test func aTaskThatTheFamilyLacksIsNamed() throws {
    #expect(
      try message(Golden.model("llama"), task: .seq2seqLM).contains("task seq2seq-lm, for model_type llama"))
  }
}
