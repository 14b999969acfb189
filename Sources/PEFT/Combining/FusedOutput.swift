import Torch

/// The update of the output projection of an attention with fused projections, which is adapted as one with the others.
///
/// Hugging Face PEFT keeps it inside the attention, as `X.base_layer.out_proj`, with the rank and alpha of `X`, and adds it
/// twice; its files mean that.
enum FusedOutput {
  private static let kept = ".base_layer.out_proj"
  private static let own = ".out_proj"
  /// How often it is added.
  static let count = 2.0

  /// The attention and the projection that a path in a file is of; nil for the paths of other layers.
  static func split(_ path: String) -> (attention: String, layer: String)? {
    guard path.hasSuffix(kept) else { return nil }
    let attention = String(path.dropLast(kept.count))
    return (attention, attention + own)
  }

  /// The attention that a layer is the output projection of: one that is among the adapted `layers` itself.
  static func attention(of layer: String, among layers: Set<String>) -> String? {
    guard layer.hasSuffix(own) else { return nil }
    let attention = String(layer.dropLast(own.count))
    return layers.contains(attention) ? attention : nil
  }

  /// The path under which a file keeps the update of a layer.
  static func path(of layer: String, among layers: Set<String>) -> String {
    attention(of: layer, among: layers).map { $0 + kept } ?? layer
  }

  /// The updates with those of output projections at the rank and scale that a file can give them: their attention's.
  ///
  /// - Parameter count: how often the reader will add them.
  static func settled(_ updates: [LayerUpdate], count: Double) throws -> [LayerUpdate] {
    let names = Set(updates.map(\.layer))
    let places = Dictionary(uniqueKeysWithValues: updates.indices.map { (updates[$0].layer, $0) })
    var updates = updates
    for index in updates.indices {
      guard let attention = attention(of: updates[index].layer, among: names), let outer = places[attention]
      else { continue }
      let rank = max(updates[index].rank, updates[outer].rank)
      for place in [index, outer] { try updates[place].pad(to: rank) }
      try updates[index].rescale(to: count * updates[outer].scale)
    }
    return updates
  }
}

extension LayerUpdate {
  /// The same update with zeros in more rows of A and columns of B, at the same scale.
  fileprivate mutating func pad(to rank: Int) throws {
    guard form == .linear, rank > self.rank else { return }
    (a, b) = (try a.padded([0, 0, 0, rank - a.shape[0]]), try b.padded([0, rank - b.shape[1]]))
  }

  /// The same update at another scale, the rest of which goes into B and the bias.
  mutating func rescale(to scale: Double) throws {
    guard scale != self.scale, scale != 0 else { return }
    let factor = self.scale / scale
    func times(_ tensor: Tensor) throws -> Tensor {
      try (tensor.to(dtype: .float32) * factor).to(dtype: tensor.dtype)
    }
    (b, bias, self.scale) = (try times(b), try bias.map(times), scale)
  }
}
