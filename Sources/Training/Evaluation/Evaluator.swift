import Foundation
import Torch

/// Scores a model on examples: without dropout, without regularization, whatever the batch size.
public struct Evaluator {
  let examples: [TokenizedExample]
  let batchSize: Int
  let padding: Int
  /// The place of each example in what was given.
  private let order: [Int]

  /// - Parameter masking: how tokens are hidden; always the same ones.
  /// - Throws: ``TrainingError`` when there is nothing to evaluate on.
  public init(
    _ examples: [TokenizedExample], batchSize: Int = 8, padding: Int = 0, masking: TokenMasking? = nil
  ) throws {
    guard !examples.isEmpty else {
      throw TrainingError(.data, "no rows to evaluate on: the evaluation data is empty")
    }
    // Rows of similar length together, the longest first, so that too long a batch shows at once.
    order = examples.indices.sorted { (examples[$1].ids.count, $0) < (examples[$0].ids.count, $1) }
    self.examples = order.map { index in
      masking?.hidden(examples[index], seed: 0, step: 0, row: index) ?? examples[index]
    }
    self.batchSize = max(1, batchSize)
    self.padding = padding
  }

  /// - Parameter collect: told the outputs of each example (of one that is classified as a whole), with its place in
  ///   what was given.
  /// - Throws: what the model throws.
  public func evaluate(
    _ model: any TrainableModel, collect: ((Int, [Double]) throws -> Void)? = nil
  ) throws -> EvaluationResult {
    let wasTraining = model.isTraining
    model.isTraining = false
    defer { model.isTraining = wasTraining }
    var tally = Tally(objective: model.objective)
    try withoutGradients {
      for start in stride(from: 0, to: examples.count, by: batchSize) {
        let rows = examples[start..<min(start + batchSize, examples.count)].map { [$0] }
        let batch = try Batch(rows, objective: model.objective, padding: padding, device: model.device)
        if model.objective.isText || model.objective == .maskedToken {
          try tally.add(loss: model.summedLoss(batch), of: batch)
        } else {
          let logits = try model.logits(batch)
          try tally.add(loss: model.objective.summedLoss(logits, batch), of: batch)
          try tally.add(predictions: logits, of: batch, rows.flatMap(\.self))
          if let collect, logits.rank == 2 {
            let values = try logits.to(dtype: .float64).array(of: Double.self)
            let width = logits.shape[1]
            for row in 0..<logits.shape[0] {
              try collect(order[start + row], Array(values[row * width..<(row + 1) * width]))
            }
          }
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
  var answers = AnswerTally()

  init(objective: Objective) { self.objective = objective }

  mutating func add(loss sum: Tensor, of batch: Batch) throws {
    loss += try sum.item()
    targets += batch.targetCount
  }

  mutating func add(predictions logits: Tensor, of batch: Batch, _ examples: [TokenizedExample]) throws {
    if objective != .answer { agreement.widen(to: objective == .multiLabel ? 2 : logits.shape.last ?? 0) }
    switch objective {
    case .nextToken, .sequence, .maskedToken: break
    case .answer: try answers.add(logits, of: examples)
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
    case .answer:
      result.add("exact_match", answers.exactMatch)
      result.add("f1", answers.f1)
    case .nextToken, .sequence, .maskedToken:
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
