import NN
import Torch

/// What all layers of one forward pass share: where tokens stand, and what they may see.
struct GPTContext {
  let pass: ForwardPass
  /// The place of each token in its text, int64 [batch or 1, tokens].
  let positions: Tensor
  /// The keys before this one are seen by none.
  let firstKey: Int
  /// Which keys each query sees, or what is added to its scores; nil when hiding later tokens says it all.
  let mask: Tensor?
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
    firstKey = pattern.firstKey
    let visible = try pattern.mask(queries: count, device: device)
    switch config.positions {
    case .learned:
      (rotary, mask) = (nil, visible)
    case .rotary(let embedding):
      let dependsOnInput = input.positions != nil && embedding.scaling.dependsOnLength
      let length = dependsOnInput ? try positions.max().item(of: Int.self) + 1 : offset + count
      (rotary, mask) = (try embedding.tables(positions, length: length, dtype: dtype), visible)
    case .alibi(let alibi):
      let places = try pattern.positions ?? .arange(0, offset + count, device: device).unsqueezed(0)
      let biases = try alibi.biases(places, dtype: dtype)
      rotary = nil
      guard visible != nil || count > 1 else {
        mask = biases
        return
      }
      let seen = try visible ?? AttentionPattern.causal(queries: count, keys: offset + count, device: device)
      let never = try Tensor.full([1], -.infinity, dtype: dtype, device: device)
      mask = try biases.selected(where: seen, otherwise: never)
    }
  }

  /// Heads [batch, tokens, heads, d] as attention reads them, [batch, heads, tokens, d].
  func turned(_ heads: Tensor) throws -> Tensor {
    try rotary?.rotateHeads(heads) ?? heads.transposed(1, 2)
  }
}

extension GPTConfiguration {
  /// Whether the places of all keys must be known.
  fileprivate var needsPlaces: Bool {
    if case .alibi = positions { true } else { window != nil }
  }
}

extension Tensor {
  /// For a mask of real tokens, bool [batch, tokens], the place of each in its text: padding does not count.
  fileprivate func countedPositions() throws -> Tensor {
    try (to(dtype: .int64).cumsum(1) - 1).clamped(min: 0).to(dtype: .int64)
  }
}
