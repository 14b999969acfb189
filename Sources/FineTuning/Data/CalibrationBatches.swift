import Models
import PEFT
import Torch
import Training

extension Calibration {
  /// The first forward passes of a run, in the order of its training, on the model without adapters.
  ///
  /// - Parameter limit: how many at most; no row is looked at twice.
  init(
    _ tuned: AdaptedPretrainedModel, _ examples: ExampleSet, objective: Objective, options: TrainingOptions,
    limit: Int
  ) throws {
    let plan = try BatchPlan(
      lengths: examples.examples.map(\.ids.count), capacity: examples.packingCapacity, options: options)
    let model = try FineTuningModel(tuned, training: .nothing, objective: objective, options: options)
    var reader = BatchPlan.Reader(plan)
    let passes = (0..<min(limit, plan.passesPerEpoch)).map { reader.rows(pass: $0) }
    self.init(count: passes.count) { index in
      let batch = try Training.Batch(
        passes[index].map { $0.map { examples.examples[$0] } }, objective: objective,
        padding: examples.padding, device: model.device)
      let isByToken = [.nextToken, .tokenLabels, .maskedToken].contains(objective)
      return Calibration.Batch(
        // An encoder-decoder's layers see different texts.
        isText: try objective == .sequence ? nil : batch.attentionMask ?? batch.segments?.greaterOrEqual(0),
        hasTarget: try isByToken ? batch.labels.notEqual(-100) : nil
      ) {
        let mode = tuned.model.store.mode
        mode.keepsPadding = true
        defer { mode.keepsPadding = false }
        return try model.summedLoss(batch) / Double(max(1, batch.targetCount))
      }
    }
  }
}
