import CTorch

/// Operations that take one pass where a composition takes many. They record nothing for the backward pass; functions
/// with a gradient are built on them.
extension Tensor {
  /// Whether the fused kernels take tensors like this one.
  public var isFusable: Bool { device == .cpu && (dtype == .float32 || dtype == .bfloat16) }

  /// weight * x / rms(x) over the last dimension, and 1 / rms(x) by rows.
  public func fusedRMSNorm(weight: Tensor, eps: Double) throws -> (y: Tensor, inverse: Tensor) {
    var (y, inverse): (OpaquePointer?, OpaquePointer?)
    let x = try contiguous()
    let isDone = withExtendedLifetime(x) { ct_rms_norm(x.handle, weight.handle, eps, &y, &inverse) != 0 }
    guard isDone, let y, let inverse else { throw TorchError.last(in: "fusedRMSNorm", of: [self, weight]) }
    return (Tensor(owning: y), Tensor(owning: inverse))
  }

  /// The gradient of ``fusedRMSNorm(weight:eps:)``'s input; self is the gradient of its output.
  public func fusedRMSNormBackward(input: Tensor, weight: Tensor, inverse: Tensor) throws -> Tensor {
    let (gradient, x) = (try contiguous(), try input.contiguous())
    return try made("fusedRMSNormBackward", keeping: [gradient, x]) {
      ct_rms_norm_backward(gradient.handle, x.handle, weight.handle, inverse.handle)
    }
  }

  /// Rotary embedding of [batch, tokens, heads, d], as [batch, heads, tokens, d]; tables [batch or 1, tokens, d].
  ///
  /// - Parameter backward: take a gradient from the second form to the first.
  public func fusedRotary(cos: Tensor, sin: Tensor, backward: Bool = false) throws -> Tensor {
    let x = strides.last == 1 ? self : try contiguous()
    return try made("fusedRotary", keeping: [x]) { ct_rotary(x.handle, cos.handle, sin.handle, backward) }
  }

  /// silu(self) * up.
  public func fusedSiluProduct(_ up: Tensor) throws -> Tensor {
    let (gate, up) = (try contiguous(), try up.contiguous())
    return try made("fusedSiluProduct", keeping: [gate, up]) { ct_silu_product(gate.handle, up.handle) }
  }

  /// The gradients of gate and up; self is the gradient of their product.
  public func fusedSiluProductBackward(gate: Tensor, up: Tensor) throws -> (gate: Tensor, up: Tensor) {
    var (first, second): (OpaquePointer?, OpaquePointer?)
    let (gradient, gate, up) = (try contiguous(), try gate.contiguous(), try up.contiguous())
    let isDone = withExtendedLifetime((gradient, gate, up)) {
      ct_silu_product_backward(gradient.handle, gate.handle, up.handle, &first, &second) != 0
    }
    guard isDone, let first, let second else {
      throw TorchError.last(in: "fusedSiluProductBackward", of: [self, gate, up])
    }
    return (Tensor(owning: first), Tensor(owning: second))
  }

  /// Cross entropies of these logits [n, classes] by rows, in float32; the logits become the gradients of their sum.
  public func fusedCrossEntropy_(_ targets: Tensor) throws -> Tensor {
    let targets = try targets.contiguous()
    return try made("fusedCrossEntropy_", keeping: [targets]) { ct_cross_entropy_(handle, targets.handle) }
  }

  /// Softmax of `scale` times these scores [..., queries, keys] in place; query r sees keys up to offset + r.
  public func fusedCausalSoftmax_(queries: Int, offset: Int, scale: Double) throws {
    guard ct_causal_softmax_(handle, Int64(queries), Int64(offset), scale) != 0 else {
      throw TorchError.last(in: "fusedCausalSoftmax_", of: [self])
    }
  }

  /// Softmax of `scale` times these scores [batch, heads, queries, keys] in place, over the keys that `mask` shows:
  /// bool [batch or 1, 1, queries or 1, keys]. A query that is shown none gets zeros.
  public func fusedMaskedSoftmax_(_ mask: Tensor, scale: Double) throws {
    let mask = try mask.contiguous()
    guard withExtendedLifetime(mask, { ct_masked_softmax_(handle, mask.handle, scale) }) != 0 else {
      throw TorchError.last(in: "fusedMaskedSoftmax_", of: [self, mask])
    }
  }

  /// Attention of one query a head, self [batch, heads, 1, d], over the keys and values of all tokens so far
  /// [batch, kvHeads, keys, d]; query heads that follow each other share a key head.
  ///
  /// - Parameter mask: the keys that count, bool [batch or 1, 1, 1, keys]; nil for all. Without any, zeros come out.
  /// - Returns: [batch, 1, heads * d], heads side by side.
  public func fusedTokenAttention(keys: Tensor, values: Tensor, mask: Tensor?, scale: Double) throws -> Tensor
  {
    func inRows(_ x: Tensor) throws -> Tensor { x.strides.last == 1 ? x : try x.contiguous() }
    let (q, k, v) = (try contiguous(), try inRows(keys), try inRows(values))
    let mask = try mask?.contiguous()
    return try made("fusedTokenAttention", keeping: [q, k, v, mask].compactMap { $0 }) {
      ct_token_attention(q.handle, k.handle, v.handle, mask?.handle, scale)
    }
  }

  /// Turns a gradient of probabilities into that of the scores, in place.
  public func fusedCausalSoftmaxBackward_(probabilities: Tensor, queries: Int, offset: Int, scale: Double)
    throws
  {
    guard ct_causal_softmax_backward_(probabilities.handle, handle, Int64(queries), Int64(offset), scale) != 0
    else {
      throw TorchError.last(in: "fusedCausalSoftmaxBackward_", of: [self, probabilities])
    }
  }

  /// self * factor + bias by columns; factor and bias are float32.
  public func fusedColumnScale(_ factor: Tensor, bias: Tensor?) throws -> Tensor {
    let x = try contiguous()
    return try made("fusedColumnScale", keeping: [x]) {
      ct_scale_columns(x.handle, factor.handle, bias?.handle)
    }
  }

  /// The gradients of input and factor; self is the gradient of the scaled columns.
  public func fusedColumnScaleBackward(input: Tensor, factor: Tensor) throws -> (
    input: Tensor, factor: Tensor
  ) {
    var (first, second): (OpaquePointer?, OpaquePointer?)
    let (gradient, x) = (try contiguous(), try input.contiguous())
    let isDone = withExtendedLifetime((gradient, x)) {
      ct_scale_columns_backward(gradient.handle, x.handle, factor.handle, &first, &second) != 0
    }
    guard isDone, let first, let second else {
      throw TorchError.last(in: "fusedColumnScaleBackward", of: [self, input, factor])
    }
    return (Tensor(owning: first), Tensor(owning: second))
  }

  /// What `body` makes of handles. Swift may release a tensor after its last mention, which is that of its handle:
  /// `tensors` are kept until the engine is done with them.
  func made(
    _ operation: String, keeping tensors: [Tensor], _ body: () -> OpaquePointer?
  ) throws -> Tensor {
    guard let result = withExtendedLifetime(tensors, body) else {
      throw TorchError.last(in: operation, of: [self])
    }
    return Tensor(owning: result)
  }
}
