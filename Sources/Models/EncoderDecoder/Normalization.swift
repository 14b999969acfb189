import NN
import Torch

/// A normalization of either kind, whose output has the type of its weight.
enum Normalization {
  case rms(RMSNorm)
  case layer(LayerNorm)

  enum Kind: Sendable { case rms, layer }

  init(_ path: Path, _ config: EncoderDecoderConfiguration) throws {
    let (size, eps) = (config.hiddenSize, config.normEpsilon)
    switch config.norm {
    case .rms: self = .rms(try RMSNorm(path, size: size, eps: eps))
    case .layer: self = .layer(try LayerNorm(path, size: size, eps: eps))
    }
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    switch self {
    case .rms(let norm): try norm(x).to(dtype: norm.weight.dtype)
    case .layer(let norm): try norm(x)
    }
  }
}
