import NN
import Torch

/// Causal self-attention with grouped heads and rotary positions.
///
/// Source: Ainslie et al. 2023, "GQA: Training Generalized Multi-Query Transformer Models".
struct DecoderAttention {
  private let projections: LinearGroup
  private let queryNorm, keyNorm: RMSNorm?
  private let output: Linear
  private let headSize: Int

  init(_ path: Path, _ config: DecoderConfiguration) throws {
    let initial = Initializer.normal(std: config.initializerRange)
    func projection(_ name: String, heads: Int) throws -> Linear {
      try Linear(
        path / name, in: config.hiddenSize, out: heads * config.headSize, bias: config.queryKeyValueBias,
        initial: initial)
    }
    projections = LinearGroup([
      try projection("q_proj", heads: config.headCount),
      try projection("k_proj", heads: config.keyValueHeadCount),
      try projection("v_proj", heads: config.keyValueHeadCount),
    ])
    output = try Linear(
      path / "o_proj", in: config.headCount * config.headSize, out: config.hiddenSize,
      bias: config.outputBias,
      initial: initial)
    func norm(_ name: String) throws -> RMSNorm? {
      guard config.normalizesHeads else { return nil }
      return try RMSNorm(path / name, size: config.headSize, eps: config.normEpsilon)
    }
    queryNorm = try norm("q_norm")
    keyNorm = try norm("k_norm")
    headSize = config.headSize
  }

  /// - Parameters:
  ///   - x: [batch, tokens, d].
  ///   - extend: puts earlier keys and values in front of these.
  func callAsFunction(
    _ x: Tensor, _ context: DecoderContext, _ sight: DecoderContext.Sight,
    extend: (_ key: Tensor, _ value: Tensor) throws -> (Tensor, Tensor)
  ) throws -> Tensor {
    let parts = try projections(x)
    let query = try context.rotary.rotateHeads(heads(parts[0], queryNorm))
    let (key, value) = try extend(
      context.rotary.rotateHeads(heads(parts[1], keyNorm)), heads(parts[2], nil).transposed(1, 2))
    return try output(
      attention(query, key, value, mask: sight.mask, causal: true, dropout: context.dropout))
  }

  /// [batch, tokens, heads * size] to [batch, tokens, heads, size].
  private func heads(_ x: Tensor, _ norm: RMSNorm?) throws -> Tensor {
    let split = try x.reshaped([x.shape[0], x.shape[1], -1, headSize])
    return try norm?(split) ?? split
  }
}
