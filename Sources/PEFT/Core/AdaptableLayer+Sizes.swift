import NN
import Torch

extension AdaptableLayer {
  /// The sizes of a layer that is one matrix [outputs, inputs]: linear, in either layout; a convolution, whose rows
  /// are its filters over all input channels; an embedding, whose columns are its entries.
  func linearSizes() throws -> (inputs: Int, outputs: Int) {
    switch kind {
    case .linear(let inputs, let outputs), .transposedLinear(let inputs, let outputs): (inputs, outputs)
    case .convolution(_, let inputs, let outputs): (inputs * kernel.reduce(1, *), outputs)
    case .embedding(let entries, let size): (entries, size)
    case .norm, .parameter: throw AdapterError("\(name) is not a linear layer")
    }
  }

  /// The kernel of a convolution; empty for other layers.
  var kernel: [Int] {
    guard case .convolution = kind else { return [] }
    return Array(untouchedWeight.shape.dropFirst(2))
  }

  /// The groups of a convolution; 1 for other layers.
  var groups: Int {
    guard case .convolution(_, let inputs, _) = kind, untouchedWeight.shape.count > 1 else { return 1 }
    return inputs / max(1, untouchedWeight.shape[1])
  }

  /// The shapes of A and B of rank `rank`: [rank, inputs] and [outputs, rank]; those of a convolution are convolutions
  /// too, A over all inputs with the layer's own kernel, B over one element and in the layer's groups. Those of a
  /// parameter with experts hold the factors of all.
  func factorShapes(rank: Int) throws -> (a: [Int], b: [Int]) {
    if case .parameter(let experts, let inputs, let outputs, _) = kind {
      return ([experts * rank, inputs], [outputs, rank * experts])
    }
    guard case .convolution(_, let inputs, let outputs) = kind else {
      let (inputs, outputs) = try linearSizes()
      return ([rank, inputs], [outputs, rank])
    }
    guard rank % groups == 0 else {
      throw AdapterError(
        "rank \(rank) at \(name), a convolution in \(groups) groups: give it a multiple of \(groups), "
          + "with rank_pattern if need be")
    }
    return ([rank, inputs] + kernel, [outputs, rank / groups] + kernel.map { _ in 1 })
  }
}
