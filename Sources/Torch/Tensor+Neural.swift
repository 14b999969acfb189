extension Tensor {
  /// `self @ weight^T + bias`; weight [out, in].
  public func linear(_ weight: Tensor, bias: Tensor? = nil) throws -> Tensor {
    try op("aten::linear", self, weight, bias)
  }

  /// Rows of this table [V, d] for int64 ids.
  public func embedding(_ ids: Tensor, padding: Int? = nil) throws -> Tensor {
    try op("aten::embedding", self, ids, padding ?? -1)
  }

  public func convolution(
    _ weight: Tensor, bias: Tensor?, stride: [Int], padding: [Int], dilation: [Int], groups: Int = 1,
    transposed: Bool = false, outputPadding: [Int]? = nil
  ) throws -> Tensor {
    try op(
      "aten::convolution", self, weight, bias, stride, padding, dilation, transposed,
      outputPadding ?? stride.map { _ in 0 }, groups)
  }

  public func layerNorm(_ shape: [Int], weight: Tensor?, bias: Tensor?, eps: Double) throws -> Tensor {
    try op("aten::layer_norm", self, shape, weight, bias, eps)
  }

  /// softmax(Q K^T scale + mask) V; all [batch, heads, tokens, d], K and V may have fewer heads.
  public static func scaledDotProductAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, dropout: Double = 0,
    causal: Bool = false, scale: Double? = nil, groupedHeads: Bool = false
  ) throws -> Tensor {
    try op(
      "aten::scaled_dot_product_attention", query, key, value, mask, dropout, causal, scale, groupedHeads)
  }

  /// What a bidirectional LSTM gives for this batch [rows, tokens, d]: [rows, tokens, 2 * hiddenSize].
  ///
  /// - Parameters:
  ///   - parameters: for each layer, and in it for each direction: input weight, hidden weight, input bias, hidden bias.
  ///   - dropout: between layers.
  public func lstm(_ parameters: [Tensor], hiddenSize: Int, layers: Int, dropout: Double) throws -> Tensor {
    let state = try Tensor.zeros([2 * layers, shape[0], hiddenSize], dtype: dtype, device: device)
    let results = try ops(
      "aten::lstm.input", self, [state, state], parameters, true, layers, dropout, dropout > 0, true, true)
    guard let output = results.first else { throw TorchError(.invalid, "lstm: no output") }
    return output
  }

  public func relu() throws -> Tensor { try op("aten::relu", self) }
  public func silu() throws -> Tensor { try op("aten::silu", self) }
  public func sigmoid() throws -> Tensor { try op("aten::sigmoid", self) }
  public func tanh() throws -> Tensor { try op("aten::tanh", self) }
  public func erf() throws -> Tensor { try op("aten::erf", self) }
  public func gelu(tanhApproximation: Bool = false) throws -> Tensor {
    try op("aten::gelu", self, tanhApproximation ? "tanh" : "none")
  }
  public func softmax(_ dim: Int = -1, dtype: DType? = nil) throws -> Tensor {
    try op("aten::softmax.int", self, dim, dtype)
  }
  public func logSoftmax(_ dim: Int = -1, dtype: DType? = nil) throws -> Tensor {
    try op("aten::log_softmax.int", self, dim, dtype)
  }
  public func logSumExp(_ dims: [Int], keepDim: Bool = false) throws -> Tensor {
    try op("aten::logsumexp", self, dims, keepDim)
  }

  /// Zeroes elements with probability `rate` and scales the rest by 1 / (1 - rate).
  public func dropout(_ rate: Double) throws -> Tensor {
    guard rate > 0 else { return self }
    guard isFusable else { return try op("aten::dropout", self, rate, true) }
    let choice = try DropoutChoice(rate: rate, for: self)
    let y = try withoutGradients { try choice(self) }
    return try attachGradient(to: y, inputs: [self]) { gradient, _ in [try choice(gradient)] }
  }

  public enum Reduction: Int, Sendable { case none, mean, sum }

  /// Cross entropy of logits [N, C] against class ids [N]; `ignored` ids do not count.
  public func crossEntropy(
    _ target: Tensor, reduction: Reduction = .mean, ignored: Int = -100
  ) throws -> Tensor {
    try op("aten::cross_entropy_loss", self, target, nil as Tensor?, reduction.rawValue, ignored)
  }
  public func meanSquaredError(_ target: Tensor) throws -> Tensor { try op("aten::mse_loss", self, target) }
  public func binaryCrossEntropyWithLogits(_ target: Tensor) throws -> Tensor {
    try op("aten::binary_cross_entropy_with_logits", self, target)
  }
}
