import NN
import Torch

/// What all layers of one forward pass share: where tokens stand, and what they may see.
struct GPTContext {
  let pass: ForwardPass
  /// The place of each token in its text, int64 [batch or 1, tokens].
  let positions: Tensor
  let sight: Sight
  private let rotary: RotaryTables?

  /// Prepares a pass over the tokens of `input` that follow those in `cache`.
  init(
    _ input: ModelInput, _ pass: ForwardPass, cache: KeyValueCache?, _ config: GPTConfiguration, dtype: DType
  ) throws {
    self.pass = pass
    let (batch, count, device) = (input.ids.shape[0], input.ids.shape[1], input.ids.device)
    let offset = cache?.length ?? 0
    let own = try input.hidingMask(isAlone: cache == nil)
    let keys = try cache?.extendMask(own, batch: batch, count: count, device: device) ?? own
    // Padding in front of a text does not count.
    let given = try input.positions ?? keys?.countedPositions().slice(1, from: offset)
    positions = try given ?? .arange(offset, offset + count, device: device).unsqueezed(0)

    var pattern = AttentionPattern()
    (pattern.window, pattern.keys, pattern.segments, pattern.offset) = (
      config.window, keys, input.segments, offset
    )
    if config.needsPlaces {
      pattern.positions =
        try cache.map { try $0.extendPositions(given, count: count, device: device) } ?? given
    }
    let spans = try config.isBiased ? nil : input.spans(isAlone: cache == nil)
    var sight = try Sight(pattern, count: count, spans: spans, device: device)
    switch config.positions {
    case .learned: rotary = nil
    case .rotary(let embedding):
      let dependsOnInput = input.positions != nil && embedding.scaling.dependsOnLength
      let reached = dependsOnInput ? try positions.max().item(of: Int.self) + 1 : offset + count
      rotary = try embedding.tables(positions, length: max(reached, input.wholeLength), dtype: dtype)
    case .alibi(let alibi):
      let places = try pattern.positions ?? .arange(0, offset + count, device: device).unsqueezed(0)
      let biases = try alibi.biases(places, dtype: dtype)
      rotary = nil
      guard sight.mask != nil || count > 1 else {
        sight.mask = biases
        self.sight = sight
        return
      }
      let seen =
        try sight.mask ?? AttentionPattern.causal(queries: count, keys: offset + count, device: device)
      let never = try Tensor.full([1], -.infinity, dtype: dtype, device: device)
      sight.mask = try biases.selected(where: seen, otherwise: never)
    }
    self.sight = sight
  }

  /// Heads [batch, tokens, heads, d] as attention reads them, [batch, heads, tokens, d].
  func turned(_ heads: Tensor) throws -> Tensor {
    try rotary?.rotateHeads(heads) ?? heads.transposed(1, 2)
  }
}

extension GPTConfiguration {
  /// Whether scores get something added by distance.
  var isBiased: Bool { if case .alibi = positions { true } else { false } }

  /// Whether the places of all keys must be known.
  fileprivate var needsPlaces: Bool { isBiased || window != nil }
}
