import Torch

/// Causal attention by two batched products and a softmax, for sequences that are not long.
///
/// libtorch's flash kernel on the CPU is slower than this below about 700 tokens. Query heads that share a key head are
/// rows of one product, so keys and values are not repeated. Probabilities are computed again in the backward pass
/// instead of being kept.
///
/// - Parameters: q [batch, heads, tokens, d]; k, v [batch, kvHeads, keys, d]; the last query sees all keys.
/// - Returns: [batch, heads, tokens, d].
func causalAttention(_ query: Tensor, _ key: Tensor, _ value: Tensor, scale: Double) throws -> Tensor {
  let (q, k, v) = (try query.contiguous(), try key.contiguous(), try value.contiguous())
  let (shape, keys) = (q.shape, k.shape)
  let (groups, tokens, size) = (shape[0] * keys[1], shape[2], shape[3])
  let rows = [groups, -1, size]
  let columns = [groups, keys[2], size]

  func probabilities(_ q: Tensor, _ k: Tensor) throws -> Tensor {
    let scores = try q.view(rows).bmm(k.view(columns).transposed())
    try scores.fusedCausalSoftmax_(queries: tokens, offset: keys[2] - tokens, scale: scale)
    return scores
  }

  let y = try withoutGradients { try probabilities(q, k).bmm(v.view(columns)).view(shape) }
  return try attachGradient(to: y, inputs: [query, key, value], saving: [q, k, v]) { gradient, saved in
    let (q, k, v) = (saved[0], saved[1], saved[2])
    let p = try probabilities(q, k)
    let g = try gradient.contiguous().view(rows)
    let gradientV = try p.transposed().bmm(g).view(keys)
    let scores = try g.bmm(v.view(columns).transposed())
    try scores.fusedCausalSoftmaxBackward_(
      probabilities: p, queries: tokens, offset: keys[2] - tokens, scale: scale)
    let gradientQ = try scores.bmm(k.view(columns)).view(shape)
    let gradientK = try scores.transposed().bmm(q.view(rows)).view(keys)
    return [gradientQ, gradientK, gradientV]
  }
}
