import JSON
import Torch

extension FourBitWeight {
  public func entries(named name: String) throws -> [(name: String, tensor: Tensor)] {
    var state: JSONObject = [
      "quant_type": .string(code.rawValue), "blocksize": .int(blockSize), "dtype": .string("\(dtype)"),
      "shape": .array(shape.map(JSONValue.int)),
    ]
    var entries = [
      (name: name, tensor: packed.codes), (name: "\(name).absmax", tensor: packed.scales),
      (name: "\(name).quant_map", tensor: try Tensor(code.values)),
    ]
    if let nested {
      entries += [
        (name: "\(name).nested_absmax", tensor: nested.scales),
        (name: "\(name).nested_quant_map", tensor: nested.values),
      ]
      state["nested_blocksize"] = .int(nested.blockSize)
      state["nested_dtype"] = "float32"
      state["nested_offset"] = .double(Double(nested.offset))
    }
    let text = JSONValue.object(state).serialized()
    return entries + [
      (name: BitsAndBytesWeight.stateName(name, code), tensor: try Tensor(Array(text.utf8)))
    ]
  }
}

extension Int8Weight {
  public func entries(named name: String) throws -> [(name: String, tensor: Tensor)] {
    [
      (name: name, tensor: packed.codes), (name: BitsAndBytesWeight.scalesName(name), tensor: packed.scales),
      // 0 stands for rows, the only order there is now.
      (name: BitsAndBytesWeight.formatName(name), tensor: try Tensor(UInt8(0))),
    ]
  }
}
