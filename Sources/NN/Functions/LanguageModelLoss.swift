import Torch

/// The summed cross entropy of the next tokens, and how many count.
///
/// - Parameters:
///   - hidden: [batch, tokens, d], before the output embedding.
///   - labels: int64 [batch, tokens], the token itself at each place; -100 does not count.
///   - head: the output embedding.
///   - shape: what becomes of its logits.
/// - Returns: a float32 scalar and the count; the sum of nothing is zero.
public func nextTokenLoss(
  _ hidden: Tensor, labels: Tensor, head: Linear, shape logitShape: LogitShape = LogitShape()
) throws -> (sum: Tensor, count: Int) {
  let shape = hidden.shape
  guard shape.count == 3, labels.shape == Array(shape.prefix(2)) else {
    throw TorchError(.invalid, "nextTokenLoss: labels \(labels) do not fit hidden states \(hidden)")
  }
  return try tokenLoss(
    hidden.slice(1, 0..<(shape[1] - 1)), labels: labels.slice(1, from: 1), head: head, shape: logitShape)
}

/// The same with labels that stand where they are predicted, as those of a text that answers another do.
public func tokenLoss(
  _ hidden: Tensor, labels: Tensor, head: Linear, shape logitShape: LogitShape = LogitShape()
) throws -> (sum: Tensor, count: Int) {
  let shape = hidden.shape
  guard shape.count == 3, labels.shape == Array(shape.prefix(2)) else {
    throw TorchError(.invalid, "tokenLoss: labels \(labels) do not fit hidden states \(hidden)")
  }
  // Only places whose token counts go through the output embedding.
  let targets = try labels.flattened()
  let places = try targets.notEqual(-100).nonzero().flattened()
  let states = try hidden.reshaped([-1, shape[2]]).indexSelect(0, places)
  let kept = try targets.indexSelect(0, places)
  let isPlain =
    head.adapters.isEmpty && head.bias == nil && (head.weight as? Parameter)?.tensor.requiresGrad == false
  guard isPlain, states.isFusable, head.weight.dtype == states.dtype else {
    let rows = head.mode.rowAdapters
    if let rows {
      // The places are of many rows; each place has the adapter of its own.
      let owners = try places.array(of: Int.self).map { $0 / max(1, shape[1]) }
      head.mode.rowAdapters = rows.selecting(owners)
    }
    defer { head.mode.rowAdapters = rows }
    let logits = try logitShape(head(states)).to(dtype: .float32)
    return (try logits.crossEntropy(kept, reduction: .sum), places.shape[0])
  }
  return (try chunkedCrossEntropy(states, kept, weight: head.weight, shape: logitShape), places.shape[0])
}

/// Summed cross entropy of x W^T, without ever holding all logits: each chunk of rows is multiplied, turned into its
/// gradient in place, and multiplied back, so that only the gradient of x is kept.
///
/// - Parameters:
///   - x: [n, d].
///   - targets: int64 [n].
///   - weight: [vocabulary, d], frozen.
///   - chunkBytes: about how many bytes of logits to have at a time; rows come in multiples of 64, 256 at most, which
///     is where products with a wide weight are fastest.
/// - Source: the idea of Wijmans et al. 2024, "Cut Your Losses in Large-Vocabulary Language Models".
func chunkedCrossEntropy(
  _ x: Tensor, _ targets: Tensor, weight: any WeightStorage, shape: LogitShape = LogitShape(),
  chunkBytes: Int = 32 << 20
) throws -> Tensor {
  let rows = x.shape[0]
  let fitting = chunkBytes / max(1, weight.shape[0] * x.dtype.byteSize)
  let chunk = max(1, min(fitting / 64, 4)) * 64
  let needsGradient = isRecordingGradients && x.requiresGrad
  let (loss, gradient) = try withoutGradients { () throws -> (Tensor, Tensor?) in
    let gradient = try needsGradient ? x.emptyLike() : nil
    let total = try Tensor.zeros([], dtype: .float32)
    for start in stride(from: 0, to: rows, by: chunk) {
      let part = start..<min(start + chunk, rows)
      let (logits, slope) = try shape.applied_(weight.product(x.slice(0, part), bias: nil))
      try total.add_(logits.fusedCrossEntropy_(targets.slice(0, part)).sum())
      // The logits have become their gradient.
      if let slope { try logits.mul_(slope) }
      if shape.scale != 1 { try logits.mul_(shape.scale) }
      try gradient?.slice(0, part).copy_(weight.transposedProduct(logits))
    }
    return (total, gradient)
  }
  guard let gradient else { return loss }
  return try attachGradient(to: loss, inputs: [x], saving: [gradient]) { upstream, saved in
    [try saved[0] * upstream.to(dtype: saved[0].dtype)]
  }
}
