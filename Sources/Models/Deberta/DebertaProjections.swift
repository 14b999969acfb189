import NN
import Torch

/// How a DeBERTa makes queries, keys and values of tokens, and of distances.
protocol DebertaProjections {
  /// Each [batch, heads, tokens, size], from x [batch, tokens, d].
  func tokens(_ x: Tensor) throws -> (query: Tensor, key: Tensor, value: Tensor)
  /// The keys that queries of tokens meet, [1, heads, distances, size], from rows [1, distances, d].
  func positionKeys(_ rows: Tensor) throws -> Tensor
  /// The queries that keys of tokens meet, likewise.
  func positionQueries(_ rows: Tensor) throws -> Tensor
  /// Parameters beside the layers.
  var biases: [Parameter] { get }
}

/// A layer for each, which distances may share: the second and third version.
struct SeparateProjections: DebertaProjections {
  private let query, key, value: Linear
  let biases: [Parameter] = []
  private let positionKey, positionQuery: Linear?
  private let headCount: Int

  init(_ path: Path, _ config: DebertaConfiguration) throws {
    func linear(_ name: String) throws -> Linear { try config.projection(path / name, bias: true) }
    (query, key, value) = (try linear("query_proj"), try linear("key_proj"), try linear("value_proj"))
    let relative = config.relative.flatMap { $0.sharesKeys ? nil : $0 }
    positionKey = try relative?.contentToPosition == true ? linear("pos_key_proj") : nil
    positionQuery = try relative?.positionToContent == true ? linear("pos_query_proj") : nil
    headCount = config.headCount
  }

  func tokens(_ x: Tensor) throws -> (query: Tensor, key: Tensor, value: Tensor) {
    let products = try LinearGroup([query, key, value])(x).map { try $0.heads(headCount) }
    return (products[0], products[1], products[2])
  }

  func positionKeys(_ rows: Tensor) throws -> Tensor { try (positionKey ?? key)(rows).heads(headCount) }
  func positionQueries(_ rows: Tensor) throws -> Tensor {
    try (positionQuery ?? query)(rows).heads(headCount)
  }
}

/// One layer whose output has a query, a key and a value for head after head, with biases of their own; distances
/// have layers of theirs: the first version.
struct JointProjections: DebertaProjections {
  private let joint: Linear
  private let queryBias, valueBias: Parameter
  var biases: [Parameter] { [queryBias, valueBias] }
  private let positionKey, positionQuery: Linear?
  private let headCount, headSize: Int

  init(_ path: Path, _ config: DebertaConfiguration) throws {
    joint = try config.projection(path / "in_proj", parts: 3, bias: false)
    let size = config.headCount * config.headSize
    queryBias = try path.parameter("q_bias", [size], initial: .zeros)
    valueBias = try path.parameter("v_bias", [size], initial: .zeros)
    let relative = config.relative
    positionKey =
      try relative?.contentToPosition == true ? config.projection(path / "pos_proj", bias: false) : nil
    positionQuery =
      try relative?.positionToContent == true ? config.projection(path / "pos_q_proj", bias: true) : nil
    (headCount, headSize) = (config.headCount, config.headSize)
  }

  func tokens(_ x: Tensor) throws -> (query: Tensor, key: Tensor, value: Tensor) {
    let parts = try joint(x).heads(headCount).split([headSize, headSize, headSize], dim: -1)
    return (try parts[0] + perHead(queryBias), parts[1], try parts[2] + perHead(valueBias))
  }

  func positionKeys(_ rows: Tensor) throws -> Tensor { try (positionKey?(rows) ?? rows).heads(headCount) }
  func positionQueries(_ rows: Tensor) throws -> Tensor {
    try (positionQuery?(rows) ?? rows).heads(headCount)
  }

  /// [heads, 1, size].
  private func perHead(_ bias: Parameter) throws -> Tensor {
    try bias.tensor.reshaped([headCount, 1, headSize])
  }
}

extension DebertaConfiguration {
  /// A layer from the hidden states to all heads, `parts` times.
  fileprivate func projection(_ path: Path, parts: Int = 1, bias: Bool) throws -> Linear {
    try Linear(
      path, in: hiddenSize, out: parts * headCount * headSize, bias: bias,
      initial: .normal(std: initializerRange))
  }
}

extension Tensor {
  /// [batch, tokens, heads * size] to [batch, heads, tokens, size].
  fileprivate func heads(_ count: Int) throws -> Tensor {
    try reshaped([shape[0], shape[1], count, -1]).transposed(1, 2)
  }
}
