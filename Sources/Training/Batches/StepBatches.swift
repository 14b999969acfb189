import Torch

/// The batches of one optimizer step, with what is counted over all of them before the first forward pass.
struct StepBatches: Sendable {
  let batches: [Batch]

  /// Targets over the whole accumulation: what the step's loss is a mean over.
  var targetCount: Int { batches.reduce(0) { $0 + $1.targetCount } }
  var tokenCount: Int { batches.reduce(0) { $0 + $1.tokenCount } }
}

/// Turns a plan and examples into the batches of each step, ahead of their use.
final class StepSource {
  private let ahead: Ahead<StepBatches>

  init(
    _ plan: BatchPlan, examples: [TokenizedExample], objective: Objective, padding: Int, device: Device
  ) {
    var reader = BatchPlan.Reader(plan)
    ahead = Ahead(end: plan.totalSteps) { step in
      StepBatches(
        batches: try reader.rows(step: step).map { rows in
          try Batch(
            rows.map { $0.map { examples[$0] } }, objective: objective, padding: padding, device: device)
        })
    }
  }

  func batches(step: Int) throws -> StepBatches { try ahead.value(step) }
}
