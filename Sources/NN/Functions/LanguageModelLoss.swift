import Torch

/// The summed cross entropy of the next tokens, and how many count.
///
/// - Parameters:
///   - hidden: [batch, tokens, d], before the output embedding.
///   - labels: int64 [batch, tokens], the token itself at each place; -100 does not count.
///   - head: hidden [n, d] to logits [n, vocabulary].
/// - Returns: a float32 scalar and the count; the sum of nothing is zero.
public func nextTokenLoss(
  _ hidden: Tensor, labels: Tensor, head: (Tensor) throws -> Tensor
) throws -> (sum: Tensor, count: Int) {
  let shape = hidden.shape
  guard shape.count == 3, labels.shape == Array(shape.prefix(2)) else {
    throw TorchError(.invalid, "nextTokenLoss: labels \(labels) do not fit hidden states \(hidden)")
  }
  // Only places whose next token counts go through the output embedding.
  let targets = try labels.slice(1, from: 1).flattened()
  let places = try targets.notEqual(-100).nonzero().flattened()
  let states = try hidden.slice(1, 0..<(shape[1] - 1)).reshaped([-1, shape[2]]).indexSelect(0, places)
  let kept = try targets.indexSelect(0, places)
  let logits = try head(states).to(dtype: .float32)
  return (try logits.crossEntropy(kept, reduction: .sum), places.shape[0])
}
