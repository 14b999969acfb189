import Configuration
import Models
import Torch

/// How the hidden states of a text's tokens become one vector.
public enum Pooling: String, Sendable, CaseIterable, ConfigurationValue {
  case mean, cls, max

  /// - Parameters:
  ///   - hidden: [batch, tokens, d].
  ///   - mask: which tokens are real, bool [batch, tokens]; nil when all are.
  /// - Returns: [batch, d].
  func callAsFunction(_ hidden: Tensor, mask: Tensor?) throws -> Tensor {
    switch self {
    case .mean: try hidden.mean(of: mask)
    case .cls: try hidden.select(1, 0)
    case .max:
      try (mask.map { try hidden.maskedFill($0.logicalNot().unsqueezed(-1), hidden.dtype.lowest) } ?? hidden)
        .amax([1])
    }
  }
}
