import Torch

/// Attention by batched products and a softmax over all keys at once, for texts that are not long: of encoders, with
/// padding between, or with dropout.
///
/// Probabilities and what dropout takes out of them are computed again in the backward pass instead of being kept.
///
/// - Parameters:
///   - q: [batch, heads, tokens, d].
///   - k: [batch, kvHeads, keys, d].
///   - v: [batch, kvHeads, keys, d].
///   - mask: the keys that a query sees, bool [batch or 1, 1, tokens or 1, keys]; nil for all.
/// - Returns: [batch, heads, tokens, d].
func shortAttention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?, scale: Double, dropout: Double
) throws -> Tensor {
  let (q, k, v) = (try query.contiguous(), try key.contiguous(), try value.contiguous())
  let plan = ShortAttention(queries: q.shape, keys: k.shape, mask: mask, scale: scale)
  let (y, choice) = try withoutGradients {
    let p = try plan.probabilities(q, k)
    let choice = try dropout > 0 ? DropoutChoice(rate: dropout, for: p) : nil
    return (try plan.grouped(choice?(p) ?? p).fastMatmul(plan.columns(v)).view(q.shape), choice)
  }
  return try attachGradient(to: y, inputs: [query, key, value], saving: [q, k, v]) { gradient, saved in
    try plan.gradients(of: saved, gradient.contiguous(), choice)
  }
}

/// The shapes of one attention. Query heads that share a key head are rows of one product.
private struct ShortAttention {
  let queries, keys: [Int]
  let mask: Tensor?
  let scale: Double

  private var groups: Int { keys[0] * keys[1] }

  /// x [batch, heads, tokens, n] as [groups, rows, n].
  func grouped(_ x: Tensor) throws -> Tensor { try x.view([groups, -1, x.shape[3]]) }

  /// x [batch, kvHeads, keys, d] as [groups, keys, d].
  func columns(_ x: Tensor) throws -> Tensor { try x.view([groups, keys[2], keys[3]]) }

  /// [batch, heads, tokens, keys].
  func probabilities(_ q: Tensor, _ k: Tensor) throws -> Tensor {
    let scores = try grouped(q).fastMatmul(columns(k).transposed()).view(Array(queries.prefix(3)) + [keys[2]])
    if let mask {
      try scores.fusedMaskedSoftmax_(mask, scale: scale)
    } else {
      try scores.fusedCausalSoftmax_(queries: 1, offset: keys[2], scale: scale)
    }
    return scores
  }

  /// The gradients of q, k and v.
  func gradients(of saved: [Tensor], _ gradient: Tensor, _ choice: DropoutChoice?) throws -> [Tensor?] {
    let (q, k, v, g) = (saved[0], saved[1], saved[2], try grouped(gradient))
    let p = try probabilities(q, k)
    let valueGradient = try grouped(choice?(p) ?? p).transposed().fastMatmul(g)
    var scores = try g.fastMatmul(columns(v).transposed()).view(p.shape)
    scores = try choice?(scores) ?? scores
    // What is hidden has probability zero, so every key may count as seen.
    try scores.fusedCausalSoftmaxBackward_(probabilities: p, queries: 1, offset: keys[2], scale: scale)
    let s = try grouped(scores)
    return [
      try s.fastMatmul(columns(k)).view(queries), try s.transposed().fastMatmul(grouped(q)).view(keys),
      try valueGradient.view(keys),
    ]
  }
}
