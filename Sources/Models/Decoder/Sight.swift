import NN
import Torch

/// What the queries of a layer may see: of the tokens before them.
struct Sight {
  /// The keys before this one are seen by none.
  var firstKey = 0
  /// Which keys each query sees, or what is added to its scores; nil when hiding later tokens says it all.
  var mask: Tensor?
  /// The texts that lie end to end in the one row; nil where rows are texts, or the mask tells them apart.
  var spans: TokenSpans?
  /// How far back a query sees in its text, where ``spans`` are given; nil for everything.
  var window: Int?
  /// Outside of which a query of such a text sees nothing; nil for no chunks.
  var chunk: Int?

  /// - Parameter pattern: what a row of `count` tokens may see, the cache before them included.
  init(_ pattern: AttentionPattern, count: Int, spans: TokenSpans? = nil, device: Device) throws {
    guard let spans, pattern.keys == nil else {
      (firstKey, mask) = (pattern.firstKey, try pattern.mask(queries: count, device: device))
      return
    }
    (self.spans, window, chunk) = (spans, pattern.window, pattern.chunk)
  }

  /// ``NN/attention(_:_:_:mask:causal:scale:cap:dropout:)`` with that sight.
  func attended(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, scale: Double?, cap: Double? = nil, dropout: Double
  ) throws -> Tensor {
    guard let spans else {
      return try attention(
        query, key, value, mask: mask, causal: true, scale: scale, cap: cap, dropout: dropout)
    }
    var pattern = AttentionPattern()
    (pattern.window, pattern.chunk) = (window, chunk)
    return try spans.attention([query, key, value]) { group, parts in
      try attention(
        parts[0], parts[1], parts[2], mask: pattern.mask(queries: group.longest, device: query.device),
        causal: true, scale: scale, cap: cap, dropout: dropout)
    }
  }
}

extension ModelInput {
  /// The texts of a single row that has several, unless a cache stands before them.
  func spans(isAlone: Bool) throws -> TokenSpans? {
    guard isAlone, ids.shape[0] == 1, let segments else { return nil }
    let numbers = try segments.expanded(ids.shape).reshaped([-1]).array(of: Int.self)
    return try TokenSpans(lengths: TokenSpans.runs(numbers).map(\.count), device: ids.device)
  }
}
