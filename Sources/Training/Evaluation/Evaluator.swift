import Foundation
import Torch

/// Scores a model on examples: without dropout, without regularization, whatever the batch size.
public struct Evaluator {
  let examples: [TokenizedExample]
  let batchSize: Int
  let padding: Int

  /// - Throws: ``TrainingError`` when there is nothing to evaluate on.
  public init(_ examples: [TokenizedExample], batchSize: Int = 8, padding: Int = 0) throws {
    guard !examples.isEmpty else {
      throw TrainingError(.data, "no rows to evaluate on: the evaluation data is empty")
    }
    // Rows of similar length together, the longest first, so that too long a batch shows at once.
    let order = examples.indices.sorted { (examples[$1].ids.count, $0) < (examples[$0].ids.count, $1) }
    self.examples = order.map { examples[$0] }
    self.batchSize = max(1, batchSize)
    self.padding = padding
  }

  /// - Throws: what the model throws.
  public func evaluate(_ model: any TrainableModel) throws -> EvaluationResult {
    let wasTraining = model.isTraining
    model.isTraining = false
    defer { model.isTraining = wasTraining }
    var tally = Tally(objective: model.objective)
    try withoutGradients {
      for start in stride(from: 0, to: examples.count, by: batchSize) {
        let rows = examples[start..<min(start + batchSize, examples.count)].map { [$0] }
        let batch = try Batch(rows, objective: model.objective, padding: padding, device: model.device)
        if model.objective == .nextToken {
          try tally.add(loss: model.summedLoss(batch), of: batch)
        } else {
          let logits = try model.logits(batch)
          try tally.add(loss: model.objective.summedLoss(logits, batch), of: batch)
          try tally.add(predictions: logits, of: batch)
        }
      }
    }
    return tally.result
  }
}

/// Sums over the batches of an evaluation.
private struct Tally {
  let objective: Objective
  var loss = 0.0
  var targets = 0
  var agreement = Agreement(classes: 0)
  var (predicted, right) = ([Double](), [Double]())

  init(objective: Objective) { self.objective = objective }

  mutating func add(loss sum: Tensor, of batch: Batch) throws {
    loss += try sum.item()
    targets += batch.targetCount
  }

  mutating func add(predictions logits: Tensor, of batch: Batch) throws {
    agreement.widen(to: objective == .multiLabel ? 2 : logits.shape.last ?? 0)
    switch objective {
    case .nextToken: break
    case .category, .tokenLabels:
      let found = try logits.argmax(-1).flattened().array(of: Int.self)
      for (right, predicted) in zip(try batch.labels.flattened().array(of: Int.self), found) {
        agreement.add(right: right, predicted: predicted)
      }
    case .multiLabel:
      let found = try logits.greater(0).flattened().array(of: Int.self)
      for (right, predicted) in zip(try batch.labels.flattened().array(of: Int.self), found) {
        agreement.add(right: right, predicted: predicted)
      }
    case .regression:
      predicted += try logits.flattened().array(of: Double.self)
      right += try batch.labels.flattened().array(of: Double.self)
    }
  }

  var result: EvaluationResult {
    let mean = targets == 0 ? 0 : loss / Double(targets)
    var result = EvaluationResult(loss: mean)
    switch objective {
    case .nextToken:
      result.add("perplexity", exp(mean))
      result.add("tokens", Double(targets))
    case .category, .tokenLabels, .multiLabel:
      result.add("accuracy", agreement.accuracy)
      result.add("f1", agreement.f1)
      result.add("matthews", agreement.matthews)
    case .regression:
      result.add("mse", mean)
      result.add("pearson", Correlation.pearson(predicted, right))
      result.add("spearman", Correlation.spearman(predicted, right))
    }
    return result
  }
}
