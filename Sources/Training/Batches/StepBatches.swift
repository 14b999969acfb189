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

  /// - Parameter seed: of which tokens are hidden; the step and the row do the rest, so that nothing need be saved.
  init(
    _ plan: BatchPlan, set: ExampleSet, objective: Objective, seed: Int, device: Device
  ) {
    var reader = BatchPlan.Reader(plan)
    ahead = Ahead(end: plan.totalSteps) { step in
      StepBatches(
        batches: try reader.rows(step: step).map { rows in
          let examples = rows.map { row in
            row.map { index in
              let example = set.examples[index]
              return set.masking?.hidden(example, seed: seed, step: step, row: index) ?? example
            }
          }
          return try Batch(examples, objective: objective, padding: set.padding, device: device)
        })
    }
  }

  func batches(step: Int) throws -> StepBatches { try ahead.value(step) }
}
