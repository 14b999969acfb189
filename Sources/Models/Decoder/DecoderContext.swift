import NN
import Torch

/// What all layers of one forward pass share: the angles, and what each may see.
struct DecoderContext {
  let pass: ForwardPass
  /// One for each way in which heads turn.
  let rotaries: [RotaryTables]
  /// One for each layer.
  let sights: [Sight]
  /// What queries of layers whose heads do not turn are multiplied with, [batch or 1, 1, tokens, 1]; nil for nothing.
  let temperature: Tensor?
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
    let mask = try input.hidingMask(isAlone: cache == nil)
    let keys = try cache?.extendMask(mask, batch: batch, count: count, device: device) ?? mask
    // Where it matters how far into its text a token is, padding in front does not count.
    let counted = try configuration.countsPlaces ? keys?.countedPositions().slice(1, from: offset) : nil
    let given = input.positions ?? counted
    let positions = try given ?? .arange(offset, offset + count, device: device).unsqueezed(0)
    var length = offset + count
    if input.positions != nil, configuration.rotaries.contains(where: \.scaling.dependsOnLength) {
      length = try positions.max().item(of: Int.self) + 1
    }
    length = max(length, input.wholeLength)
    rotaries = try configuration.rotaries.map { try $0.tables(positions, length: length, dtype: dtype) }
    dropout = isTraining ? configuration.attentionDropout : 0

    let hasWindow = configuration.layers.contains { $0.reach != DecoderReach() }
    let places =
      try hasWindow
      ? cache.map { try $0.extendPositions(given, count: count, device: device) } ?? given
      : nil
    let spans = try input.spans(isAlone: cache == nil)
    let factors = try configuration.temperature?.factors(positions)
    temperature = try factors?.unsqueezed(1).unsqueezed(3)
    var known: [DecoderReach: Sight] = [:]
    sights = try configuration.layers.map(\.reach).map { reach in
      if let sight = known[reach] { return sight }
      var pattern = AttentionPattern()
      (pattern.window, pattern.chunk) = (reach.window, reach.chunk)
      (pattern.keys, pattern.segments, pattern.offset) = (keys, input.segments, offset)
      pattern.positions = places
      let sight = try Sight(pattern, count: count, spans: spans, device: device)
      known[reach] = sight
      return sight
    }
  }
}

extension DecoderConfiguration {
  /// Whether more than the distance between two tokens tells what they make of each other.
  fileprivate var countsPlaces: Bool { temperature != nil || layers.contains { $0.chunk != nil } }
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
