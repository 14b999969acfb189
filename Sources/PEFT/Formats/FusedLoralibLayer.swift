import NN
import Torch

/// A layer of loralib that makes several outputs of one size at once, such as queries, keys and values, some of which are
/// adapted: A [g r, in] and B [g size, r] for the g that are, one pair of factors below the other.
///
/// Source: github.com/microsoft/LoRA, loralib/layers.py, MergedLinear.
struct FusedLoralibLayer {
  let layer: String
  /// By output; nil where it is not adapted.
  private let pairs: [FactorPair?]
  private let size: Int

  /// - Parameter enabled: which outputs are adapted, in their order; nil for queries and values where two are, else all.
  /// - Throws: ``AdapterError`` when the factors are not those of as many outputs.
  init(_ layer: String, _ a: Tensor, _ b: Tensor, enabled: [Bool]?) throws {
    self.layer = layer
    let (rows, rank) = (a.shape[0], b.shape[1])
    guard rank > 0, rows > 0, rows.isMultiple(of: rank), b.shape[0].isMultiple(of: rows / rank) else {
      throw AdapterError(
        "the factors A \(a.shape) and B \(b.shape) of \(layer) do not belong together: the file is damaged")
    }
    let groups = rows / rank
    let enabled = enabled ?? (groups == 2 ? [true, false, true] : Array(repeating: true, count: groups))
    guard enabled.count(where: \.self) == groups else {
      throw AdapterError(
        "\(layer) has factors for \(groups) of its outputs, not \(enabled.count(where: \.self)): "
          + "say which in --enable-lora")
    }
    size = b.shape[0] / groups
    var factors = zip(try a.chunked(groups), try b.chunked(groups)).map { FactorPair(a: $0, b: $1) }[...]
    pairs = enabled.map { $0 ? factors.popFirst() : nil }
  }

  /// One update where the base has the layer, or where nothing is known of it; else one for each of the layers that the
  /// base has in its place.
  func updates(scale: Double, modules: [String]) throws -> [LayerUpdate] {
    if !modules.contains(layer), let apart = Self.layers(inPlaceOf: layer, count: pairs.count, modules) {
      return try zip(apart, pairs).compactMap { name, pair in
        try pair.map { try LayerUpdate(layer: name, a: $0.a, b: $0.b, scale: scale) }
      }
    }
    // Every pair works on rows of its own, so B has blocks, and zeros for what is not adapted.
    let rank = pairs.lazy.compactMap { $0?.a.shape[0] }.reduce(0, +)
    var before = 0
    let blocks = try pairs.map { pair -> Tensor in
      guard let pair else { return try .zeros([size, rank]) }
      let own = pair.a.shape[0]
      defer { before += own }
      return try pair.b.padded([before, rank - before - own])
    }
    let dtype = pairs.lazy.compactMap { $0?.b.dtype }.first ?? .float32
    return [
      try LayerUpdate(
        layer: layer, a: .cat(pairs.compactMap { $0?.a }),
        b: .cat(blocks.map { try $0.to(dtype: dtype) }), scale: scale)
    ]
  }

  /// What models call queries, keys and values that are layers of their own.
  private static let names = [
    ["q_proj", "k_proj", "v_proj"], ["query", "key", "value"], ["query_proj", "key_proj", "value_proj"],
    ["q_lin", "k_lin", "v_lin"], ["to_q", "to_k", "to_v"], ["q", "k", "v"],
  ]

  private static func layers(inPlaceOf layer: String, count: Int, _ modules: [String]) -> [String]? {
    let path = layer.split(separator: ".").dropLast().map { "\($0)." }.joined()
    let known = Set(modules)
    return names.lazy.filter { $0.count == count }.map { $0.map { path + $0 } }.first(where: known.isSuperset)
  }
}
