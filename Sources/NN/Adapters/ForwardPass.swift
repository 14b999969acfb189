import Torch

/// What a forward pass knows of its rows, for adapters that do not treat every token alike.
public final class ForwardPass {
  /// int64 [batch, tokens].
  public let ids: Tensor
  /// Tokens that a cache holds from earlier passes, int64 [batch, earlier].
  public let earlier: Tensor?
  /// The text that each token belongs to when several share a row, int64 [batch or 1, tokens].
  public let segments: Tensor?
  private var found: [[Int]: Tensor] = [:]

  public init(ids: Tensor, earlier: Tensor? = nil, segments: Tensor? = nil) {
    (self.ids, self.earlier, self.segments) = (ids, earlier, segments)
  }

  /// Which tokens stand at or behind the beginning of the last `sequence` in their text, bool [batch, tokens]. Tokens of
  /// earlier passes count.
  public func tokens(from sequence: [Int]) throws -> Tensor {
    if let known = found[sequence] { return known }
    let (batch, count) = (ids.shape[0], ids.shape[1])
    let all = try earlier.map { try Tensor.cat([$0, ids], dim: 1) } ?? ids
    let (width, values) = (all.shape[1], try all.array(of: Int.self))
    let texts =
      try earlier == nil ? segments?.expanded([batch, count]).contiguous().array(of: Int.self) : nil
    var marks: [Bool] = []
    for row in 0..<batch {
      let tokens = values[(row * width)..<((row + 1) * width)]
      var isBehind = [Bool](repeating: false, count: width)
      for text in Self.texts(texts.map { $0[(row * width)..<((row + 1) * width)] }, count: width) {
        let own = tokens[(tokens.startIndex + text.lowerBound)..<(tokens.startIndex + text.upperBound)]
        guard let start = Self.last(sequence, in: own) else { continue }
        for place in (text.lowerBound + start)..<text.upperBound { isBehind[place] = true }
      }
      marks += isBehind.suffix(count)
    }
    let mask = try Tensor(marks).reshaped([batch, count]).to(device: ids.device)
    found[sequence] = mask
    return mask
  }

  /// Runs of tokens with the same segment.
  private static func texts(_ segments: ArraySlice<Int>?, count: Int) -> [Range<Int>] {
    guard let segments = segments.map(Array.init) else { return [0..<count] }
    return TokenSpans.runs(segments)
  }

  /// Where the last `sequence` begins, counted from the beginning of `tokens`.
  private static func last(_ sequence: [Int], in tokens: ArraySlice<Int>) -> Int? {
    guard !sequence.isEmpty, tokens.count >= sequence.count else { return nil }
    return (0...(tokens.count - sequence.count)).last { offset in
      tokens.dropFirst(offset).starts(with: sequence)
    }
  }
}
