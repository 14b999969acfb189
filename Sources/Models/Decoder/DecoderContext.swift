import NN
import Torch

/// What all layers of one forward pass share: the angles, and what each may see.
struct DecoderContext {
  let pass: ForwardPass
  /// One for each way in which heads turn.
  let rotaries: [RotaryTables]
  /// One for each layer.
  let sights: [Sight]
  let dropout: Double

  /// Prepares a pass over the tokens of `input` that follow those in `cache`.
  init(
    _ input: ModelInput, _ pass: ForwardPass, cache: KeyValueCache?, configuration: DecoderConfiguration,
    dtype: DType,
    isTraining: Bool
  ) throws {
    self.pass = pass
    let (batch, count) = (input.ids.shape[0], input.ids.shape[1])
    let (device, offset) = (input.ids.device, cache?.length ?? 0)
    let positions =
      try input.positions ?? .arange(offset, offset + count, device: device).unsqueezed(0)
    var length = offset + count
    if input.positions != nil, configuration.rotaries.contains(where: \.scaling.dependsOnLength) {
      length = try positions.max().item(of: Int.self) + 1
    }
    length = max(length, input.wholeLength)
    rotaries = try configuration.rotaries.map { try $0.tables(positions, length: length, dtype: dtype) }
    dropout = isTraining ? configuration.attentionDropout : 0

    let mask = try input.hidingMask(isAlone: cache == nil)
    let keys = try cache?.extendMask(mask, batch: batch, count: count, device: device) ?? mask
    let hasWindow = configuration.layers.contains { $0.window != nil }
    let places =
      try hasWindow
      ? cache.map { try $0.extendPositions(input.positions, count: count, device: device) } ?? input.positions
      : nil
    let spans = try input.spans(isAlone: cache == nil)
    var known: [Int?: Sight] = [:]
    sights = try configuration.layers.map(\.window).map { window in
      if let sight = known[window] { return sight }
      var pattern = AttentionPattern()
      (pattern.window, pattern.keys, pattern.segments, pattern.offset) = (
        window, keys, input.segments, offset
      )
      pattern.positions = places
      let sight = try Sight(pattern, count: count, spans: spans, device: device)
      known[window] = sight
      return sight
    }
  }
}

extension ModelInput {
  /// The attention mask, bool, unless it hides nothing that a real token could see: padding on the right comes later
  /// anyway, when nothing follows it.
  func hidingMask(isAlone: Bool) throws -> Tensor? {
    guard let mask = try attentionMask?.to(dtype: .bool) else { return nil }
    let width = mask.shape[1]
    let hidesNothing = try mask.all().item(of: Bool.self)
    if hidesNothing { return nil }
    guard isAlone, width > 1 else { return mask }
    let before = try mask.slice(1, 0..<(width - 1))
    return try mask.slice(1, from: 1).logicalAnd(before.logicalNot()).any().item(of: Bool.self) ? mask : nil
  }
}
