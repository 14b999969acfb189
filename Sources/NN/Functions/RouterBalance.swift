import Torch

/// How unevenly the routers of a mixture spread tokens over experts: 1 times the experts per token when they are even,
/// more when they are not.
///
/// - Parameters:
///   - logits: of each router, [batch * tokens, experts].
///   - chosen: how many experts a token goes to.
///   - mask: which tokens count, bool [batch, tokens]; nil for all.
/// - Returns: a float32 scalar: experts * sum over them of (share of choices * mean probability), over all routers
///   together.
/// - Source: Fedus et al. 2021, "Switch Transformers", equations 4 to 6, as transformers 5 computes them.
public func routerImbalance(_ logits: [Tensor], chosen: Int, mask: Tensor?) throws -> Tensor {
  let all = try Tensor.cat(logits, dim: 0)
  let probabilities = try all.softmax(-1).to(dtype: .float32)
  let (rows, experts) = (all.shape[0], all.shape[1])
  let choices = try withoutGradients {
    let indices = try probabilities.topk(chosen).indices
    return try Tensor.zeros([rows, experts], device: all.device).scatter_(1, indices, value: 1)
  }
  guard let mask else {
    return try (choices.mean([0]) * probabilities.mean([0])).sum() * Double(experts)
  }
  let weights = try mask.to(dtype: .float32).reshaped([-1, 1]).repeated([logits.count, 1])
  let count = try weights.sum()
  let shares = try (choices * weights).sum([0]) / count
  return try (shares * ((probabilities * weights).sum([0]) / count)).sum() * Double(experts)
}
