import NN
import Torch

/// One optimizer step: forward and backward over the accumulation, clipping, the update, and what hooks add.
struct GradientStep {
  let model: any TrainableModel
  let parameters: [TrainableParameter]
  let hooks: [any TrainingHook]
  let optimizer: any ParameterOptimizer
  let maxGradNorm: Double
  let totalSteps: Int

  /// What the step is about, read from the device in one transfer.
  struct Outcome {
    let loss: Double
    let regularization: Double?
    let gradNorm: Double
  }

  init(_ model: any TrainableModel, options: TrainingOptions, totalSteps: Int) throws {
    self.model = model
    (parameters, hooks) = (model.parameters, model.hooks)
    guard !parameters.isEmpty else {
      throw TrainingError(.noGradient, "nothing to train: no parameter is trainable")
    }
    optimizer = try options.optimizer.make(parameters, options: options, device: model.device)
    maxGradNorm = options.maxGradNorm
    self.totalSteps = totalSteps
  }

  /// - Parameters:
  ///   - step: optimizer steps done, this one included.
  ///   - rate: the learning rate before the parameters' own scales.
  /// - Throws: ``TrainingError`` when a loss or gradient is not finite, before anything is changed, or when a parameter
  ///   has no gradient.
  func callAsFunction(_ work: StepBatches, step: Int, rate: Double) throws -> Outcome {
    defer { clearGradients() }
    let targets = Double(max(1, work.targetCount))
    let losses = try work.batches.map { batch in
      let loss = try model.summedLoss(batch) / targets
      if batch.targetCount > 0 { try loss.backward() }
      return try loss.detached()
    }
    let regularization = try regularize()
    if work.targetCount > 0 { try requireGradients() }
    let gradients = try GradientNorm(of: parameters)
    let outcome = try read(losses, regularization, gradients.value, work, step)
    if maxGradNorm > 0 { try gradients.clip(to: maxGradNorm, norm: outcome.gradNorm) }
    for hook in hooks { try hook.afterBackward(step: step, totalSteps: totalSteps) }
    try optimizer.update(step: step, rate: rate)
    for hook in hooks { try hook.afterUpdate(step: step, totalSteps: totalSteps) }
    return outcome
  }

  /// Adds what the hooks add to the objective, once for the step.
  private func regularize() throws -> Tensor? {
    let terms = try hooks.compactMap { try $0.regularization() }
    guard let first = terms.first else { return nil }
    let sum = try terms.dropFirst().reduce(first) { try $0 + $1 }
    try sum.backward()
    return try sum.detached()
  }

  /// Waits for the device, once a step, and looks at what came out.
  private func read(
    _ losses: [Tensor], _ regularization: Tensor?, _ norm: Tensor?, _ work: StepBatches, _ step: Int
  ) throws -> Outcome {
    let zero = try Tensor.zeros([], device: model.device)
    let all = losses + [regularization ?? zero, norm ?? zero]
    let values = try Tensor.stack(all.map { try $0.to(dtype: .float64).reshaped([]) }).array(of: Double.self)
    for (batch, loss) in zip(work.batches, values) where !loss.isFinite {
      throw TrainingError(
        .diverged,
        "the loss of step \(step) is \(loss), \(Self.list(batch.origins, "row")): "
          + "look at these rows, or lower learning_rate")
    }
    let (extra, length) = (values[losses.count], values[losses.count + 1])
    guard extra.isFinite else {
      throw TrainingError(
        .diverged, "the regularization of step \(step) is \(extra): lower learning_rate or its weight")
    }
    guard length.isFinite else { throw try divergence(step, length, work) }
    return Outcome(
      loss: values.prefix(losses.count).reduce(0, +), regularization: regularization.map { _ in extra },
      gradNorm: length)
  }

  private func divergence(_ step: Int, _ norm: Double, _ work: StepBatches) throws -> TrainingError {
    let broken = try parameters.filter {
      try $0.tensor.grad.map { try !$0.isFinite().all().item(of: Bool.self) } ?? false
    }
    let place =
      broken.isEmpty
      ? "their norm is \(norm)"
      : "the first is \(broken[0].name), \(broken.count) of \(parameters.count) in all"
    return TrainingError(
      .diverged,
      "gradients of step \(step) are not finite (\(place)), "
        + "\(Self.list(work.batches.flatMap(\.origins), "row")): lower learning_rate or set max_grad_norm")
  }

  private func requireGradients() throws {
    let without = parameters.filter { $0.tensor.grad == nil }.map(\.name)
    guard !without.isEmpty else { return }
    throw TrainingError(
      .noGradient,
      "no gradient reaches \(Self.list(without, "parameter")): freeze them, or use them in the forward pass")
  }

  private func clearGradients() {
    for parameter in parameters { try? parameter.tensor.setGrad(nil) }
  }

  /// `rows a, b` or `row a`; the first few of many.
  private static func list(_ names: [String], _ noun: String) -> String {
    let shown = names.prefix(4).joined(separator: ", ")
    return "\(noun)\(names.count == 1 ? "" : "s") \(shown)"
      + (names.count > 4 ? " and \(names.count - 4) more" : "")
  }
}
