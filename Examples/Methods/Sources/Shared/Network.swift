import NN
import PEFT
import Torch

/// A normalized hidden layer between two linear ones, 16 to 32 to 16.
public struct Network {
  public let store: VariableStore
  private let first, second: Linear
  private let norm: LayerNorm

  public init(seed: UInt64) throws {
    store = try VariableStore(seed: seed)
    first = try Linear(store.root / "first", in: 16, out: 32, bias: true)
    norm = try LayerNorm(store.root / "norm", size: 32, eps: 1e-5)
    second = try Linear(store.root / "second", in: 32, out: 16, bias: true)
  }

  /// x [rows, 16] to [rows, 16].
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try second(norm(first(x).tanh())) }
}
