import NN
import Torch

/// Batches to look at before training, for initialisations that depend on data.
public struct Calibration {
  /// One forward pass.
  public struct Batch {
    /// Runs the model on the batch and returns its mean loss, a scalar (in the graph, where gradients are recorded).
    public let loss: () throws -> Tensor
    /// Which places hold text, bool [rows, tokens]; nil when all do.
    public let isText: Tensor?
    /// Which places have a target, bool [rows, tokens]; nil when targets are not by token.
    public let hasTarget: Tensor?

    public init(isText: Tensor? = nil, hasTarget: Tensor? = nil, loss: @escaping () throws -> Tensor) {
      (self.isText, self.hasTarget, self.loss) = (isText, hasTarget, loss)
    }
  }

  public let count: Int
  /// Makes batch `index`; it may be asked for several times.
  public let batch: (_ index: Int) throws -> Batch

  public init(count: Int, batch: @escaping (_ index: Int) throws -> Batch) {
    (self.count, self.batch) = (count, batch)
  }
}

extension Calibration.Batch {
  /// The rows [n, in] of a layer's input that count: those of text, and if asked for those with a target.
  ///
  /// Where the input is not laid out by token any more, all its rows do.
  func rows(of x: Tensor, targetsOnly: Bool) throws -> Tensor {
    let rows = try x.detached().reshaped([-1, x.shape.last ?? 0])
    var masks = [isText]
    if targetsOnly { masks.append(hasTarget) }
    let fitting = masks.compactMap(\.self).filter { $0.shape == Array(x.shape.dropLast()) }
    guard let first = fitting.first else { return rows }
    let mask = try fitting.dropFirst().reduce(first) { try $0.logicalAnd($1) }
    return try rows.indexSelect(0, mask.flattened().nonzero().flattened())
  }
}
