import NN
import Torch

extension AdaptableLayer {
  /// The sizes of a linear layer.
  func linearSizes() throws -> (inputs: Int, outputs: Int) {
    switch kind {
    case .linear(let inputs, let outputs), .transposedLinear(let inputs, let outputs): (inputs, outputs)
    default: throw AdapterError("\(name) is not a linear layer")
    }
  }

  func device() throws -> Device { try weight.dense(weight.dtype).device }
}
