import NN
import Torch

/// A normalization as the families of decoders have it.
enum DecoderNorm {
  case rms(RMSNorm)
  case layer(LayerNorm)
  /// Layer normalization without a weight.
  case plain(size: Int, eps: Double)

  /// - Parameter size: nil for the hidden size.
  init(_ path: Path, _ config: DecoderConfiguration, size: Int? = nil) throws {
    let (size, eps) = (size ?? config.hiddenSize, config.normEpsilon)
    switch config.norms.kind {
    case .rms(let scaling): self = .rms(try RMSNorm(path, size: size, eps: eps, scaling: scaling))
    case .layer: self = .layer(try LayerNorm(path, size: size, eps: eps, bias: false))
    case .plain: self = .plain(size: size, eps: eps)
    }
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    switch self {
    case .rms(let norm): try norm(x)
    case .layer(let norm): try norm(x)
    case .plain(let size, let eps): try x.layerNorm([size], weight: nil, bias: nil, eps: eps)
    }
  }
}
