import NN
import Torch

/// Attention of a half's tokens, over themselves or over another text.
struct EncoderDecoderAttention {
  private let query, key, value, output: Linear
  private let headSize: Int
  private let scale: Double?
  private let dropout: Double
  private let mode: Mode

  init(_ path: Path, _ half: EncoderDecoderHalf, _ config: EncoderDecoderConfiguration) throws {
    let (inner, initial) = (
      half.headCount * config.headSize, Initializer.normal(std: config.initializerRange)
    )
    func linear(_ name: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
      try Linear(path / name, in: inputs, out: outputs, bias: config.hasBias, initial: initial)
    }
    query = try linear(half.names.query, config.hiddenSize, inner)
    key = try linear(half.names.key, config.hiddenSize, inner)
    value = try linear(half.names.value, config.hiddenSize, inner)
    output = try linear(half.names.output, inner, config.hiddenSize)
    (headSize, scale, dropout) = (config.headSize, config.attentionScale, config.attentionDropout)
    mode = path.store.mode
  }

  /// Over the tokens themselves.
  ///
  /// - Parameters:
  ///   - x: [batch, tokens, d].
  ///   - mask: bool or added to the scores, [batch or 1, heads or 1, tokens, keys]; nil to see all, or all before.
  ///   - extend: puts earlier keys and values in front of these.
  func callAsFunction(
    _ x: Tensor, mask: Tensor?, isCausal: Bool,
    extend: (_ key: Tensor, _ value: Tensor) throws -> (Tensor, Tensor) = { ($0, $1) }
  ) throws -> Tensor {
    let parts = try LinearGroup([query, key, value])(x).map(heads)
    let (keys, values) = try extend(parts[1], parts[2])
    return try attended(parts[0], keys, values, mask, isCausal: isCausal)
  }

  /// Over another text.
  ///
  /// - Parameter memory: its keys and values, of ``memory(of:)``.
  func callAsFunction(_ x: Tensor, over memory: (key: Tensor, value: Tensor), mask: Tensor?) throws -> Tensor
  {
    try attended(heads(query(x)), memory.key, memory.value, mask, isCausal: false)
  }

  /// The keys and values [batch, heads, tokens, size] of a text's hidden states.
  func memory(of hidden: Tensor) throws -> (key: Tensor, value: Tensor) {
    let parts = try LinearGroup([key, value])(hidden).map(heads)
    return (parts[0], parts[1])
  }

  private func attended(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?, isCausal: Bool
  ) throws -> Tensor {
    try output(
      attention(
        query, key, value, mask: mask, causal: isCausal, scale: scale,
        dropout: mode.isTraining ? dropout : 0))
  }

  private func heads(_ x: Tensor) throws -> Tensor {
    try x.reshaped([x.shape[0], x.shape[1], -1, headSize]).transposed(1, 2)
  }
}
