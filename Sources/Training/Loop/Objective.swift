import Torch

/// What a model is trained for: which loss, over which targets.
public enum Objective: String, CaseIterable, Sendable {
  /// Cross entropy of each next token.
  case nextToken = "next-token"
  /// Cross entropy of each token of a text that answers another.
  case sequence
  /// Cross entropy of a label for each token.
  case tokenLabels = "token-labels"
  /// Cross entropy of one class for each row.
  case category
  /// Squared error of one or more numbers for each row.
  case regression
  /// Binary cross entropy of several labels that are each true or false.
  case multiLabel = "multi-label"
  /// Cross entropy of tokens that were hidden.
  case maskedToken = "masked-token"
  /// Cross entropy of where an answer begins and where it ends, the mean of both.
  case answer

  /// Whether the model writes text, so that an evaluation looks at its loss alone.
  public var isText: Bool { self == .nextToken || self == .sequence }

  /// The loss summed over the batch's targets, a float32 scalar.
  ///
  /// - Parameter logits: [batch, tokens, classes] for tokens, [batch, outputs] for rows, [batch, tokens, 2] for answers.
  /// - Throws: ``TorchError`` when the shapes do not fit.
  public func summedLoss(_ logits: Tensor, _ batch: Batch) throws -> Tensor {
    let logits = try logits.to(dtype: .float32)
    let width = logits.shape.last ?? 0
    switch self {
    case .nextToken:
      let labels = try batch.labels.slice(1, from: 1).flattened()
      return try logits.slice(1, 0..<max(0, logits.shape[1] - 1)).reshaped([-1, width])
        .crossEntropy(labels, reduction: .sum)
    case .tokenLabels, .maskedToken, .sequence:
      return try logits.reshaped([-1, width]).crossEntropy(batch.labels.flattened(), reduction: .sum)
    case .category:
      return try logits.crossEntropy(batch.labels, reduction: .sum)
    case .regression:
      return try (logits - batch.labels).square().sum()
    case .answer:
      let ends = try logits.unbound(dim: 2)
      let labels = try batch.labels.unbound(dim: 1)
      let sums = try zip(ends, labels).map { try $0.crossEntropy($1, reduction: .sum) }
      return try (sums[0] + sums[1]) / 2
    case .multiLabel:
      return try logits.binaryCrossEntropyWithLogits(batch.labels) * Double(batch.targetCount)
    }
  }
}
