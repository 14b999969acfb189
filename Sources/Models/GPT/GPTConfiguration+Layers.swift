import NN
import Torch

extension GPTConfiguration {
  /// A layer of any class, as its output.
  typealias Layer = (Tensor) throws -> Tensor

  /// A linear layer, with its weight as the family stores it.
  func linear(_ path: Path, in inputs: Int, out outputs: Int, bias: Bool) throws -> Layer {
    guard !storesInputsFirst else {
      let layer = try TransposedLinear(path, in: inputs, out: outputs, bias: bias)
      return { try layer($0) }
    }
    let layer = try Linear(
      path, in: inputs, out: outputs, bias: bias, initial: .normal(std: initializerRange))
    return { try layer($0) }
  }

  /// A normalization over the hidden size.
  func norm(_ path: Path) throws -> Layer {
    switch norm {
    case .layer:
      let layer = try LayerNorm(path, size: hiddenSize, eps: normEpsilon)
      return { try layer($0) }
    case .rms:
      let layer = try RMSNorm(path, size: hiddenSize, eps: normEpsilon)
      return { try layer($0) }
    }
  }

  /// A normalization of each of so many heads [batch, tokens, heads, d].
  func headNorm(_ path: Path, heads: Int) throws -> Layer? {
    switch headNorm {
    case nil: return nil
    case .shared:
      let layer = try LayerNorm(path, size: headSize, eps: normEpsilon)
      return { try layer($0) }
    case .own:
      let layers = try (0..<heads).map { head in
        try LayerNorm(path / "norms" / head, size: headSize, eps: normEpsilon, bias: false)
      }
      return { x in
        try .cat(layers.enumerated().map { try $1(x.slice(2, $0..<($0 + 1))) }, dim: 2)
      }
    }
  }
}
