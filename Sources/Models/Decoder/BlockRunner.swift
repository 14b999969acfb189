import NN
import Torch

/// How a block of a decoder is run: with a cache that grows, or forgetting in training what lies between.
struct BlockRunner {
  /// Puts earlier keys and values in front of these.
  typealias Extend = (_ key: Tensor, _ value: Tensor) throws -> (Tensor, Tensor)

  private let index: Int
  private let mode: Mode
  private let layers: [any AdaptableLayer]

  /// - Parameter built: the number of layers in the store before the block was built.
  init(_ index: Int, _ store: VariableStore, since built: Int) {
    (self.index, mode) = (index, store.mode)
    layers = Array(store.layers[built...])
  }

  /// What a block gives that gives one tensor; see ``outputs(_:_:cache:firstKey:_:)``.
  func callAsFunction(
    _ x: Tensor, _ pass: ForwardPass, cache: KeyValueCache?, firstKey: Int,
    _ body: @escaping (Tensor, Extend) throws -> Tensor
  ) throws -> Tensor {
    try outputs(x, pass, cache: cache, firstKey: firstKey) { [try body($0, $1)] }[0]
  }

  /// - Parameters:
  ///   - firstKey: the keys before this one are seen by none.
  ///   - body: the block on x [batch, tokens, d].
  func outputs(
    _ x: Tensor, _ pass: ForwardPass, cache: KeyValueCache?, firstKey: Int,
    _ body: @escaping (Tensor, Extend) throws -> [Tensor]
  ) throws -> [Tensor] {
    if mode.gradientCheckpointing, mode.isTraining, isRecordingGradients {
      return try checkpointed(x, pass, cache, firstKey, body)
    }
    mode.pass = pass
    return try body(x) { key, value in
      try cache?.extend(index, key: key, value: value, from: firstKey) ?? (key, value)
    }
  }

  /// The same, forgetting what lies between. What the cache holds stands in front but nothing is added to it, since
  /// this runs twice.
  private func checkpointed(
    _ x: Tensor, _ pass: ForwardPass, _ cache: KeyValueCache?, _ firstKey: Int,
    _ body: @escaping (Tensor, Extend) throws -> [Tensor]
  ) throws -> [Tensor] {
    let earlier = try cache?.contents(of: index)
    let inputs = [x] + (earlier.map { [$0.key, $0.value] } ?? [])
    return try Torch.checkpointed(inputs, parameters: trainableTensors) { inputs in
      // A block that is run again for the backward pass may come after another pass.
      mode.pass = pass
      return try body(inputs[0]) { key, value in
        guard inputs.count == 3 else { return (key, value) }
        return (
          try .cat([inputs[1], key], dim: 2).slice(2, from: firstKey),
          try .cat([inputs[2], value], dim: 2).slice(2, from: firstKey)
        )
      }
    }
  }

  /// Every tensor that training changes, once.
  private var trainableTensors: [Tensor] {
    var seen = Set<ObjectIdentifier>()
    return layers.flatMap(\.trainableTensors).filter { seen.insert(ObjectIdentifier($0)).inserted }
  }
}
