import Torch

/// Which keys a query may see.
public struct AttentionPattern {
  /// Whether later tokens are hidden.
  public var isCausal = true
  /// How far back a query sees, itself included; nil for everything.
  public var window: Int?
  /// How many tokens of a text make a chunk, outside of which a query sees nothing; nil for no chunks.
  public var chunk: Int?
  /// Keys that are real, bool [batch, keys]; nil when all are.
  public var keys: Tensor?
  /// The sequence that each token belongs to, int64 [batch, tokens], when several share a row.
  public var segments: Tensor?
  /// Tokens in the cache before the first query.
  public var offset = 0
  /// The place of each key in its text, int64 [batch or 1, keys], which is what windows and chunks go by; nil for 0, 1, 2, ...
  public var positions: Tensor?

  public init() {}

  /// The first key that any query may see; those before it need not be looked at.
  public var firstKey: Int {
    guard isCausal, positions == nil else { return 0 }
    let byWindow = window.map { max(0, offset - $0 + 1) } ?? 0
    let byChunk = chunk.map { offset / $0 * $0 } ?? 0
    return max(byWindow, byChunk)
  }

  /// The bool mask [1, 1, queries, keys] that hides later tokens; the last query sees all keys.
  public static func causal(queries: Int, keys: Int, device: Device) throws -> Tensor {
    let query = try Tensor.arange(keys - queries, keys, device: device).unsqueezed(1)
    return try Tensor.arange(0, keys, device: device).unsqueezed(0).lessOrEqual(query).unsqueezed(0)
      .unsqueezed(0)
  }

  /// The bool mask [batch or 1, 1, queries, keys] over the keys from ``firstKey`` on; nil when hiding later tokens
  /// (or nothing) says it all.
  public func mask(queries: Int, device: Device) throws -> Tensor? {
    let (first, total) = (firstKey, offset + queries)
    let narrow = window.map { $0 < total - first } ?? false
    let parted = chunk.map { $0 < total - (positions == nil ? first / $0 * $0 : 0) } ?? false
    guard narrow || parted || keys != nil || segments != nil || (isCausal && offset > 0 && queries > 1) else {
      return nil
    }
    let query = try Tensor.arange(offset, total, device: device).unsqueezed(1)
    let key = try Tensor.arange(first, total, device: device).unsqueezed(0)
    var visible =
      try isCausal
      ? key.lessOrEqual(query) : Tensor.ones([queries, total - first], dtype: .bool, device: device)
    if let window, narrow, positions == nil {
      visible = try visible.logicalAnd(key.greater(query - Double(window)))
    }
    if let chunk, parted, positions == nil {
      visible = try visible.logicalAnd(key.floorDivided(chunk).equal(query.floorDivided(chunk)))
    }
    visible = try visible.unsqueezed(0).unsqueezed(0)
    if let chunk, parted, let positions {
      let numbers = try positions.floorDivided(chunk)
      let (queries, keys) = (try numbers.slice(1, from: offset), try numbers.slice(1, from: first))
      visible = try visible.logicalAnd(keys.unsqueezed(1).equal(queries.unsqueezed(2)).unsqueezed(1))
    }
    if let window, narrow, let positions {
      let (queries, keys) = (try positions.slice(1, from: offset), try positions.slice(1, from: first))
      let isNear = try keys.unsqueezed(1).greater(queries.unsqueezed(2) - Double(window))
      visible = try visible.logicalAnd(isNear.unsqueezed(1))
    }
    if let segments {
      let same = try segments.unsqueezed(2).equal(segments.unsqueezed(1)).unsqueezed(1)
      // What is in the cache belongs to every sequence.
      visible = try visible.logicalAnd(same.padded([offset, 0], value: 1).slice(3, from: first))
    }
    if let keys {
      // A padding token sees itself, so that no softmax is over nothing.
      let itself = try key.equal(query)
      visible = try visible.logicalAnd(keys.slice(1, from: first).unsqueezed(1).unsqueezed(1)).logicalOr(
        itself)
    }
    return visible
  }
}

/// Scaled dot-product attention; q [batch, heads, queries, d], k and v [batch, kvHeads, keys, d].
///
/// - Parameters:
///   - scale: of the scores; nil for 1 / sqrt(d).
///   - cap: what the scores are squashed below, by tanh; nil for none.
/// - Returns: [batch, queries, heads * d], heads side by side.
public func attention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?, causal: Bool, scale: Double? = nil,
  cap: Double? = nil, dropout: Double = 0
) throws -> Tensor {
  let shape = query.shape
  guard shape.count == 4 else { throw TorchError(.invalid, "attention: queries must be 4-D, got \(query)") }
  let keys = key.shape
  if let cap {
    let scale = scale ?? 1 / Double(shape[3]).squareRoot()
    let output = try cappedAttention(
      query, key, value, mask: mask, causal: causal, scale: scale, cap: cap, dropout: dropout)
    return try output.transposed(1, 2).reshaped([shape[0], shape[2], -1])
  }
  let isFusable = query.isFusable && key.dtype == query.dtype && value.dtype == query.dtype
  if shape[2] > 1, isFusable, causal, mask == nil, dropout == 0,
    keys[2] <= (query.dtype == .bfloat16 ? 4096 : 2048)
  {
    let scale = scale ?? 1 / Double(shape[3]).squareRoot()
    let output = try causalAttention(query, key, value, scale: scale)
    return try output.transposed(1, 2).reshaped([shape[0], shape[2], -1])
  }
  if shape[2] > 1, isFusable, keys[2] <= 768,
    mask.map({ $0.dtype == .bool && $0.rank == 4 && $0.shape[1] == 1 }) ?? true
  {
    let scale = scale ?? 1 / Double(shape[3]).squareRoot()
    let hidesLater = causal && mask == nil
    let mask =
      try hidesLater ? AttentionPattern.causal(queries: shape[2], keys: keys[2], device: query.device) : mask
    let output = try shortAttention(query, key, value, mask: mask, scale: scale, dropout: dropout)
    return try output.transposed(1, 2).reshaped([shape[0], shape[2], -1])
  }
  if shape[2] == 1, isFusable, dropout == 0, !isRecordingGradients,
    mask.map({ $0.dtype == .bool && $0.rank == 4 && $0.shape[1] == 1 }) ?? true
  {
    let scale = scale ?? 1 / Double(shape[3]).squareRoot()
    return try query.fusedTokenAttention(keys: key, values: value, mask: mask, scale: scale)
  }
  let output = try Tensor.scaledDotProductAttention(
    query, key, value, mask: mask, dropout: dropout, causal: causal && mask == nil && shape[2] > 1,
    scale: scale,
    groupedHeads: keys[1] != shape[1])
  return try output.transposed(1, 2).reshaped([shape[0], shape[2], -1])
}

/// Attention whose scores s become cap tanh(s / cap), which no fused kernel knows.
///
/// Source: Gemma Team 2024, "Gemma 2: Improving Open Language Models at a Practical Size", section 2.
private func cappedAttention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?, causal: Bool, scale: Double, cap: Double,
  dropout: Double
) throws -> Tensor {
  let (q, k) = (query.shape, key.shape)
  // Query heads that share a key head are rows of one product.
  let rows = try query.reshaped([q[0], k[1], -1, q[3]])
  let raw = try rows.matmul(key.transposed()) * (scale / cap)
  var scores = try (raw.tanh() * cap).reshaped([q[0], q[1], q[2], k[2]])
  let hidesLater = causal && mask == nil && q[2] > 1
  let pattern =
    hidesLater ? try AttentionPattern.causal(queries: q[2], keys: k[2], device: query.device) : mask
  if let visible = pattern { scores = try scores.maskedFill(visible.logicalNot(), -.infinity) }
  var weights = try scores.softmax(-1, dtype: .float32).to(dtype: query.dtype)
  if dropout > 0 { weights = try weights.dropout(dropout) }
  return try weights.reshaped([q[0], k[1], -1, k[2]]).matmul(value).reshaped(q)
}
