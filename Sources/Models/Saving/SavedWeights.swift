import NN
import Safetensors
import Torch

/// A model's weights as they go into a file: with adapters folded in, in the type that is wanted, one at a time.
struct SavedWeights {
  private let store: VariableStore
  private let adapters: [String]
  private let dtype: DType?
  /// What belongs to weights that are written in few bits, by name.
  private var packed: [String: Tensor] = [:]
  /// The parameters that are written under other names or in parts, by those of the parts.
  private var parts: [String: (parameter: String, part: StoredPart)] = [:]
  /// What the model only carries along, by the names in the file.
  private var passengers: [String: String] = [:]
  private let latest = Latest()

  /// The parameter whose parts are being written, so that adapters are folded into it once.
  private final class Latest { var found: (name: String, tensor: Tensor)? }

  /// - Parameter keepsQuantized: whether quantized weights are written as they are, and not dense.
  init(_ store: VariableStore, merging adapters: [String], dtype: DType?, keepsQuantized: Bool) throws {
    (self.store, self.adapters, self.dtype) = (store, adapters, dtype)
    for name in store.parameters.map(\.name) + store.ties.map(\.name) {
      for part in store.parts(of: name) { parts[part.name] = (name, part) }
    }
    for name in store.passengers { passengers[store.parts(of: name).first?.name ?? name] = name }
    guard keepsQuantized else { return }
    for (name, weight) in store.quantizedNames {
      let now = store.layer(of: name)?.weight as? any QuantizedWeight ?? weight
      for entry in try now.entries(named: name) { packed[entry.name] = entry.tensor }
    }
  }

  /// Whether a weight that the configuration calls tied is written under both names.
  var untied: Bool { store.ties.contains { isWritten(tie: $0) } }

  /// The type that most of a model's readers go by: that of its first floating-point weight.
  var floatingPointType: DType? {
    store.parameters.lazy.map(\.tensor.dtype).first(where: \.isFloatingPoint).map { dtype ?? $0 }
  }

  func layouts() throws -> [SafetensorsLayout] {
    let names =
      store.parameters.map(\.name) + store.copies.map(\.name) + store.ties.filter(isWritten).map(\.name)
    let own = try names.flatMap { name in
      let (tensor, parts) = (try current(name), store.parts(of: name))
      guard !parts.isEmpty else { return [try layout(name, tensor.dtype, tensor.shape)] }
      return try parts.map { try layout($0.name, tensor.dtype, $0.slice(of: tensor).shape) }
    }
    let dense =
      try own
      + passengers.sorted { $0.key < $1.key }.compactMap { file, name in
        try store.passenger(named: name).map { try layout(file, $0.dtype, $0.shape) }
      }
    guard packed.isEmpty else {
      return try dense
        + packed.keys.sorted().compactMap { name in
          try packed[name].map { try SafetensorsLayout($0, named: name) }
        }
    }
    return try dense
      + store.quantizedNames.map { name, weight in
        let isTurned = store.layer(of: name)?.isTurnedInFiles ?? false
        return try layout(name, weight.dtype, isTurned ? weight.shape.reversed() : weight.shape)
      }
  }

  private func layout(_ name: String, _ type: DType, _ shape: [Int]) throws -> SafetensorsLayout {
    // An empty view says the type; the shape is that of the weight.
    let type = try SafetensorsLayout(Tensor.zeros([0], dtype: target(type)), named: name).dtype
    return try SafetensorsLayout(name: name, dtype: type, shape: shape)
  }

  /// Calls `sink` with the bytes of the weight called `name`.
  func withBytes(of name: String, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    if let tensor = packed[name] { return try tensor.to(device: .cpu).contiguous().withBytes(sink) }
    try withoutGradients {
      if let (parameter, part) = parts[name] { return try write(part.slice(of: folded(parameter)), sink) }
      if let passenger = try passengers[name].flatMap(store.passenger(named:)) {
        return try write(passenger, sink)
      }
      try write(folded(name), sink)
    }
  }

  /// A weight with the adapters folded in.
  private func folded(_ name: String) throws -> Tensor {
    if let found = latest.found, found.name == name { return found.tensor }
    latest.found = nil
    guard let layer = store.layer(of: name), isChanged(layer) else { return try current(name) }
    let before = layer.adapters.filter(\.isMerged).map(\.name)
    try layer.merge(adapters)
    defer {
      layer.unmerge()
      // What was merged before goes in again; it could be merged then, so it can be now.
      try? layer.merge(before)
    }
    let tensor = try current(name)
    if !store.parts(of: name).isEmpty { latest.found = (name, tensor) }
    return tensor
  }

  private func write(_ tensor: Tensor, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    try tensor.detached().to(dtype: target(tensor.dtype), device: .cpu).contiguous().withBytes(sink)
  }

  private func target(_ type: DType) -> DType { type.isFloatingPoint ? dtype ?? type : type }

  private func current(_ name: String) throws -> Tensor {
    guard let tensor = try store.weight(named: name) else {
      throw ModelError("the model has no weight called \(name)")
    }
    return tensor
  }

  /// Whether a layer has adapters to be folded in that are not yet.
  private func isChanged(_ layer: any AdaptableLayer) -> Bool {
    layer.adapters.contains { adapters.contains($0.name) && !$0.isMerged }
  }

  private func isWritten(tie: (name: String, parameter: Parameter)) -> Bool {
    let twins = [store.layer(of: tie.name), store.layer(of: tie.parameter.name)].compactMap(\.self)
    if twins.contains(where: isChanged) { return true }
    guard let first = try? store.weight(named: tie.name),
      let second = try? store.weight(named: tie.parameter.name)
    else { return false }
    return first !== second
  }
}
