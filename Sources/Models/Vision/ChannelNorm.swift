import NN
import Torch

extension LayerNorm {
  /// Normalizes over the channels of [batch, channels, rows, columns].
  func overChannels(_ x: Tensor) throws -> Tensor {
    try self(x.permuted([0, 2, 3, 1])).permuted([0, 3, 1, 2])
  }
}
