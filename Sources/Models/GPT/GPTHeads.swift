import NN
import Torch

/// Queries, keys and values of all heads, from one fused projection or three.
struct GPTHeads {
  /// Where the projections are.
  enum Names: Sendable {
    case separate(query: String, key: String, value: String)
    /// One projection, whose outputs are `partitions` times the same: its share of the queries' heads, then of the keys'
    /// and of the values' (or these first).
    case fused(String, partitions: Int = 1, valuesFirst: Bool = false)
  }

  private let projections: (Tensor) throws -> [Tensor]
  private let partitions: Int
  private let valuesFirst: Bool
  private let headCount, keyValueHeadCount, headSize: Int

  init(_ path: Path, _ config: GPTConfiguration) throws {
    (headCount, keyValueHeadCount, headSize) = (config.headCount, config.keyValueHeadCount, config.headSize)
    let (inputs, bias) = (config.hiddenSize, config.queryKeyValueBias)
    let (own, shared) = (headCount * headSize, keyValueHeadCount * headSize)
    switch config.names.heads {
    case .fused(let name, let partitions, let valuesFirst):
      (self.partitions, self.valuesFirst) = (partitions, valuesFirst)
      let layer = try config.linear(path / name, in: inputs, out: own + 2 * shared, bias: bias)
      projections = { [try layer($0)] }
    case .separate(let query, let key, let value):
      (partitions, valuesFirst) = (1, false)
      let group = LinearGroup(
        try [(query, own), (key, shared), (value, shared)].map { name, outputs in
          try Linear(
            path / name, in: inputs, out: outputs, bias: bias, initial: .normal(std: config.initializerRange))
        })
      projections = { try group($0) }
    }
  }

  /// - Parameter x: [batch, tokens, d].
  /// - Returns: [batch, tokens, heads, size] each.
  func callAsFunction(_ x: Tensor) throws -> (query: Tensor, key: Tensor, value: Tensor) {
    let parts = try projections(x)
    let (batch, tokens) = (x.shape[0], x.shape[1])
    func heads(_ part: Tensor) throws -> Tensor { try part.reshaped([batch, tokens, -1, headSize]) }
    guard parts.count == 1 else { return (try heads(parts[0]), try heads(parts[1]), try heads(parts[2])) }
    let (own, shared) = (headCount / partitions, keyValueHeadCount / partitions)
    let split = try parts[0].reshaped([batch, tokens, partitions, own + 2 * shared, headSize])
      .split([own, shared, shared], dim: 3)
    return (
      try heads(split[0]), try heads(split[valuesFirst ? 2 : 1]), try heads(split[valuesFirst ? 1 : 2])
    )
  }
}
