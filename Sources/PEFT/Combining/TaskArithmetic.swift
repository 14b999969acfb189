import Torch

/// Sums of tensors of one shape, one from each adapter, as a ``Combination`` has them.
///
/// Sources: Ilharco et al. 2022, "Editing Models with Task Arithmetic"; Yadav et al. 2023, "TIES-Merging"; Yu et al.
/// 2023, "Language Models are Super Mario" (DARE).
struct TaskArithmetic {
  let combination: Combination
  /// Of the values that are dropped at random.
  let generator: Generator

  init(_ combination: Combination) throws {
    self.combination = combination
    generator = try Generator(seed: UInt64(clamping: combination.seed))
  }

  /// The weighted sum of what is left of `tasks`.
  func sum(_ tasks: [Tensor], weights: [Double]) throws -> Tensor {
    let pruned = try combination.kind.drops ? tasks.map(pruned) : tasks
    let weighted = try zip(pruned, weights).map { try $0 * $1 }
    guard combination.kind.electsSigns else {
      return try weighted.dropFirst().reduce(weighted[0]) { try $0 + $1 }
    }
    let agreement = try agreement(of: .stack(pruned))
    let kept = try (.stack(weighted) * agreement).sum([0])
    return try kept / agreement.sum([0]).clamped(min: 1)
  }

  private func pruned(_ task: Tensor) throws -> Tensor {
    guard let density = combination.density, density < 1 else { return task }
    if combination.kind.isRandom {
      // What is left is made larger, so that the expected value stays.
      return try task * task.emptyLike().bernoulli_(density, generator: generator) / density
    }
    let values = try task.flattened()
    let kept = try values.abs().topk(Int(density * Double(values.count))).indices
    return try values.zerosLike().scatter_(0, kept, value: 1).mul_(values).reshaped(task.shape)
  }

  /// 1 where an element has the sign that the adapters elect together; ties count as positive.
  private func agreement(of stacked: Tensor) throws -> Tensor {
    let signs = try stacked.sign()
    let votes = try combination.signMethod == .total ? stacked.sum([0]) : signs.sum([0])
    let majority = try votes.less(0).to(dtype: stacked.dtype) * -2 + 1
    return try signs.equal(majority).to(dtype: stacked.dtype)
  }
}
