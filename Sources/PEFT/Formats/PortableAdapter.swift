import Configuration
import NN
import Torch

/// A LoRA or DoRA as other layouts know it: factors and perhaps magnitudes of layers, and nothing else.
struct PortableAdapter {
  var updates: [LayerUpdate]
  /// [out], of DoRA, by layer.
  var magnitudes: [String: Tensor] = [:]

  private static let magnitudeSuffix = ".lora_magnitude_vector"

  init(_ updates: [LayerUpdate], magnitudes: [String: Tensor] = [:]) {
    (self.updates, self.magnitudes) = (updates, magnitudes)
  }

  /// - Throws: ``AdapterError`` for what `format` has no place for.
  init(_ folder: AdapterFolder, for format: AdapterFormat) throws {
    let (updates, rest) = try folder.updates(allowingMagnitudes: true)
    self.updates = updates
    if (folder.configuration.method as? LoRA)?.isActivated == true {
      throw AdapterError(
        "an activated LoRA (alora_invocation_tokens) has no place in the layout \(format.rawValue), whose readers would "
          + "apply it to every token: keep it in PEFT's")
    }
    let names = Set(updates.map(\.layer))
    if let fused = updates.first(where: { FusedOutput.attention(of: $0.layer, among: names) != nil }) {
      throw AdapterError(
        "\(fused.layer) is part of an attention with fused projections, which has no place in the layout "
          + "\(format.rawValue): keep it in PEFT's")
    }
    for (key, tensor) in rest.sorted(by: { $0.key < $1.key }) where !key.hasSuffix(".base_layer.weight") {
      guard key.hasSuffix(Self.magnitudeSuffix) else {
        throw AdapterError("\(key) has no place in the layout \(format.rawValue), which holds factors alone")
      }
      let layer = key.dropFirst(AdaptedModel.keyPrefix.count).dropLast(Self.magnitudeSuffix.count)
      guard updates.contains(where: { $0.layer == layer }) else {
        throw AdapterError(
          "\(layer) has a magnitude alone, which has no place in the layout \(format.rawValue)")
      }
      magnitudes[String(layer)] = tensor
    }
    if let biased = updates.first(where: { $0.bias != nil }) {
      throw AdapterError("the bias of \(biased.layer) has no place in the layout \(format.rawValue)")
    }
  }

  /// As Hugging Face PEFT keeps it.
  func folder(like source: AdapterConfiguration? = nil) throws -> AdapterFolder {
    let rest = Dictionary(
      uniqueKeysWithValues: magnitudes.map {
        (AdaptedModel.keyPrefix + $0.key + Self.magnitudeSuffix, $0.value)
      })
    return try OrdinaryLoRA.folder(
      updates.sorted { NaturalOrder.isBefore($0.layer, $1.layer) }, like: source, rest: rest)
  }

  /// Factors whose scale is one number for all layers: the commonest, the rest multiplied into B.
  func evenlyScaled() throws -> (updates: [LayerUpdate], scale: Double) {
    let counts = updates.reduce(into: [Double: Int]()) { $0[$1.scale, default: 0] += 1 }
    let scale = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 1
    return (
      try updates.map { update in
        guard update.scale != scale, scale != 0 else { return update }
        var update = update
        update.b = try (update.b.to(dtype: .float32) * (update.scale / scale)).to(dtype: update.b.dtype)
        update.scale = scale
        return update
      }, scale
    )
  }
}
