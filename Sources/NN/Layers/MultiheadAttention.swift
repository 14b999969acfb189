import Torch

/// Attention with several heads, whose projections are fused as in `torch.nn.MultiheadAttention`.
///
/// Queries, keys and values of one width share `in_proj_weight` [3 d, d], which is a linear layer under the module's own
/// name; adapting it adapts `out_proj` too, as in Hugging Face PEFT. Others have `q_proj_weight` and its like, which are
/// adaptable as parameters.
///
/// Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.
public final class MultiheadAttention {
  public let output: Linear
  public let headCount: Int
  public let dropout: Double
  private let projection: Projection
  private let size: Int
  private let mode: Mode

  private enum Projection {
    case fused(Linear)
    /// Of queries, keys and values; the bias [3 d] is shared.
    case apart([AdaptableParameter], bias: Parameter?)
  }

  /// - Parameters:
  ///   - size: the width d of queries and of the output.
  ///   - keySize: of keys; nil for d.
  ///   - valueSize: of values; nil for d.
  ///   - dropout: of the attention's weights, in training.
  /// - Throws: ``TorchError`` when the heads do not divide the width, or a tensor cannot be read.
  public init(
    _ path: Path, size: Int, heads: Int, keySize: Int? = nil, valueSize: Int? = nil, bias: Bool = true,
    dropout: Double = 0
  ) throws {
    guard heads > 0, size > 0, size % heads == 0 else {
      throw TorchError(.invalid, "\(path.name): \(heads) heads do not divide a width of \(size)")
    }
    (self.size, headCount, self.dropout, mode) = (size, heads, dropout, path.store.mode)
    // Both as in torch: Glorot and Bengio 2010, equation 16.
    func initial(_ inputs: Int, _ outputs: Int) -> Initializer {
      .uniform((6 / Double(inputs + outputs)).squareRoot())
    }
    let (keySize, valueSize) = (keySize ?? size, valueSize ?? size)
    let ownBias = try bias ? path.parameter("in_proj_bias", [3 * size], initial: .zeros) : nil
    if keySize == size, valueSize == size {
      _ = try path.parameter("in_proj_weight", [3 * size, size], initial: initial(size, 3 * size))
      projection = .fused(try Linear(path, in: size, out: 3 * size, bias: bias, prefix: "in_proj_"))
    } else {
      let parts = try [("q", size), ("k", keySize), ("v", valueSize)].map { name, width in
        try AdaptableParameter(
          path, "\(name)_proj_weight", [size, width], initial: initial(width, size))
      }
      projection = .apart(parts, bias: ownBias)
    }
    output = try Linear(path / "out_proj", in: size, out: size, bias: bias)
    if case .fused(let layer) = projection { layer.inner = [output] }
  }

  /// - Parameters:
  ///   - query: [batch, tokens, d].
  ///   - key: [batch, keys, its width]; nil for the queries themselves.
  ///   - value: [batch, keys, its width]; nil for the keys.
  ///   - mask: bool, true where a query may look, or float, added to the scores; [batch or 1, heads or 1, tokens, keys].
  ///   - causal: whether later tokens are hidden.
  /// - Returns: [batch, tokens, d].
  public func callAsFunction(
    _ query: Tensor, key: Tensor? = nil, value: Tensor? = nil, mask: Tensor? = nil, causal: Bool = false
  ) throws -> Tensor {
    let key = key ?? query
    let parts = try projected([query, key, value ?? key]).map { part in
      try part.reshaped([part.shape[0], part.shape[1], headCount, -1]).transposed(1, 2)
    }
    return try output(
      attention(
        parts[0], parts[1], parts[2], mask: mask, causal: causal, dropout: mode.isTraining ? dropout : 0))
  }

  private func projected(_ inputs: [Tensor]) throws -> [Tensor] {
    let sizes = [size, size, size]
    switch projection {
    case .fused(let layer):
      // One product serves inputs that are the same.
      if inputs[0] === inputs[1], inputs[1] === inputs[2] {
        return try layer(inputs[0]).split(sizes, dim: -1)
      }
      return try inputs.enumerated().map { index, x in try layer(x).split(sizes, dim: -1)[index] }
    case .apart(let weights, let bias):
      let biases = try bias?.tensor.split(sizes)
      return try inputs.enumerated().map { index, x in try x.linear(weights[index](), bias: biases?[index]) }
    }
  }
}
