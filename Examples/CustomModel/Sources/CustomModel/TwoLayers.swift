import NN
import Torch

/// The simplest model there is: two linear layers, 64 to 128 to 256.
struct TwoLayers {
  let store: VariableStore
  private let first: Linear
  private let second: Linear

  /// - Parameter weights: nil for initial values.
  init(_ weights: (any TensorSource)? = nil, seed: UInt64 = 0) throws {
    store = try VariableStore(weights, seed: seed)
    first = try Linear(store.root / "first", in: 64, out: 128, bias: true)
    second = try Linear(store.root / "second", in: 128, out: 256, bias: true)
  }

  /// x [rows, 64] to [rows, 256].
  func callAsFunction(_ x: Tensor) throws -> Tensor { try second(first(x).relu()) }
}
