import Torch

/// The states of the generators that training draws from, to be saved with everything else.
enum RandomState {
  private static func generators(_ device: Device) throws -> [(String, Generator)] {
    var generators = [("random.cpu", try Generator.standard(for: .cpu))]
    if device.kind != .cpu {
      generators.append(("random.\(device.kind)", try Generator.standard(for: device)))
    }
    return generators
  }

  static func tensors(_ device: Device) throws -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: try generators(device).map { ($0, try $1.state()) })
  }

  static func restore(_ tensors: [String: Tensor], _ device: Device) throws {
    for (name, generator) in try generators(device) {
      if let state = tensors[name] { try generator.restore(state) }
    }
  }
}
