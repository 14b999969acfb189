import Configuration
import JSON
import NN
import Torch

/// How A and B start (`init_lora_weights`).
public enum LoRAInitialization: Hashable, Sendable {
  /// A Kaiming-uniform, B zero: the update starts at nothing.
  case standard
  /// A normal with standard deviation 1 / r, B zero.
  case gaussian
  /// Both random: for tests, and for adapters that are loaded right after.
  case random

  /// Values for A [r, in] and B [out, r].
  func linear(
    rank: Int, inputs: Int, outputs: Int, generator: Generator
  ) throws -> (a: Tensor, b: Tensor) {
    let first: Initializer =
      self == .gaussian ? .normal(std: 1 / Double(rank)) : .kaimingUniform(a: 5.squareRoot())
    let second: Initializer = self == .random ? .kaimingUniform(a: 5.squareRoot()) : .zeros
    return (
      try first.tensor([rank, inputs], generator: generator),
      try second.tensor([outputs, rank], generator: generator)
    )
  }

  func validate(rank: Int) throws {}
}

extension LoRAInitialization: ConfigurationValue {
  public init?(json: JSONValue) {
    switch json {
    case .bool(true): self = .standard
    case .bool(false): self = .random
    case .string("gaussian"): self = .gaussian
    default: return nil
    }
  }

  public var json: JSONValue {
    switch self {
    case .standard: true
    case .gaussian: "gaussian"
    case .random: false
    }
  }

  public static var kind: String { "true, false or gaussian" }
}
