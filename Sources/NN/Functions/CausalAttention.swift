import Torch

/// Causal attention by batched products and a softmax, for sequences that are not long.
///
/// libtorch's flash kernel on the CPU is slower than this up to about 2,000 tokens, in bfloat16 up to 4,000. Query
/// heads that share a key head are rows of one product, so keys and values are not repeated. Queries are taken in
/// blocks, each with the keys up to its last, so that most of what the mask hides is never computed. Probabilities
/// are computed again in the backward pass instead of being kept.
///
/// - Parameters: q [batch, heads, tokens, d]; k, v [batch, kvHeads, keys, d]; the last query sees all keys.
/// - Returns: [batch, heads, tokens, d].
func causalAttention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, scale: Double, blockSize: Int = 64
) throws -> Tensor {
  let (q, k, v) = (try query.contiguous(), try key.contiguous(), try value.contiguous())
  let plan = AttentionPlan(queries: q.shape, keys: k.shape, scale: scale, blockSize: blockSize)
  let y = try withoutGradients {
    try plan.joined(
      plan.blocks.map { block in
        try plan.probabilities(q, k, block).fastMatmul(plan.columns(v, block))
      })
  }
  return try attachGradient(to: y, inputs: [query, key, value], saving: [q, k, v]) { gradient, saved in
    try plan.gradients(of: saved, gradient.contiguous())
  }
}

/// How one attention is cut into blocks of queries.
private struct AttentionPlan {
  let queries, keys: [Int]
  let scale: Double
  /// Ranges of queries, in order.
  let blocks: [Range<Int>]

  /// Heads of keys in all rows of the batch, and how many query heads share each.
  private var groups: Int { keys[0] * keys[1] }
  private var sharing: Int { queries[1] / keys[1] }
  /// How many keys precede the first query.
  private var offset: Int { keys[2] - queries[2] }

  init(queries: [Int], keys: [Int], scale: Double, blockSize: Int) {
    (self.queries, self.keys, self.scale) = (queries, keys, scale)
    // A last block of a few queries would not pay.
    let count = max(1, queries[2] / blockSize)
    blocks = (0..<count).map { $0 * blockSize..<($0 == count - 1 ? queries[2] : ($0 + 1) * blockSize) }
  }

  /// The block's queries of x [batch, heads, tokens, d] as [groups, sharing * block, d].
  func rows(_ x: Tensor, _ block: Range<Int>) throws -> Tensor {
    try x.view([groups, sharing, queries[2], queries[3]]).slice(2, block)
      .reshaped([groups, sharing * block.count, queries[3]])
  }

  /// The keys that the block sees, of x [batch, kvHeads, keys, d], as [groups, seen, d].
  func columns(_ x: Tensor, _ block: Range<Int>) throws -> Tensor {
    try x.view([groups, keys[2], keys[3]]).slice(1, 0..<(offset + block.upperBound))
  }

  /// Blocks of [groups, sharing * block, d] as [batch, heads, tokens, d].
  func joined(_ parts: [Tensor]) throws -> Tensor {
    guard parts.count > 1 else { return try parts[0].view(queries) }
    let split = try zip(parts, blocks).map { part, block in
      try part.view([groups, sharing, block.count, queries[3]])
    }
    return try .cat(split, dim: 2).view(queries)
  }

  func probabilities(_ q: Tensor, _ k: Tensor, _ block: Range<Int>) throws -> Tensor {
    let scores = try rows(q, block).fastMatmul(columns(k, block).transposed())
    try scores.fusedCausalSoftmax_(queries: block.count, offset: offset + block.lowerBound, scale: scale)
    return scores
  }

  /// The gradients of q, k and v.
  func gradients(of saved: [Tensor], _ gradient: Tensor) throws -> [Tensor?] {
    let (q, k, v) = (saved[0], saved[1], saved[2])
    var (parts, keySum, valueSum): ([Tensor], Tensor?, Tensor?) = ([], nil, nil)
    // The last block sees every key: its products are what the others are added to.
    for block in blocks.reversed() {
      let (p, g, seen) = (
        try probabilities(q, k, block), try rows(gradient, block), offset + block.upperBound
      )
      func add(_ left: Tensor, _ right: Tensor, to sum: inout Tensor?) throws {
        if let sum {
          try sum.slice(1, 0..<seen).addFastMatmul_(left.transposed(), right)
        } else {
          sum = try left.transposed().fastMatmul(right)
        }
      }
      try add(p, g, to: &valueSum)
      let scores = try g.fastMatmul(columns(v, block).transposed())
      try scores.fusedCausalSoftmaxBackward_(
        probabilities: p, queries: block.count, offset: offset + block.lowerBound, scale: scale)
      parts.append(try scores.fastMatmul(columns(k, block)))
      try add(scores, rows(q, block), to: &keySum)
    }
    return [try joined(parts.reversed()), try keySum?.view(keys), try valueSum?.view(keys)]
  }
}
