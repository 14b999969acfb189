import CTorch

/// Runs `body` without recording anything for the backward pass.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  try settingGradientMode(false, body)
}

/// Runs `body` recording for the backward pass, also inside ``withoutGradients(_:)``.
public func withGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  try settingGradientMode(true, body)
}

private func settingGradientMode<Result>(_ enabled: Bool, _ body: () throws -> Result) rethrows -> Result {
  Engine.start()
  let previous = ct_grad_mode()
  ct_set_grad_mode(enabled)
  defer { ct_set_grad_mode(previous) }
  return try body()
}

/// Whether operations on this thread are being recorded for a backward pass.
public var isRecordingGradients: Bool { ct_grad_mode() }

extension Tensor {
  public var requiresGrad: Bool { ct_tensor_requires_grad(handle) }

  /// Makes a leaf trainable, or no longer so.
  @discardableResult
  public func requireGrad(_ value: Bool = true) throws -> Tensor {
    guard ct_tensor_set_requires_grad(handle, value) != 0 else {
      throw TorchError.last(in: "requireGrad", of: [self])
    }
    return self
  }

  /// The gradient that backward passes have added up here.
  public var grad: Tensor? { ct_tensor_grad(handle).map(Tensor.init(owning:)) }

  public func setGrad(_ gradient: Tensor?) throws {
    guard ct_tensor_set_grad(handle, gradient?.handle) != 0 else {
      throw TorchError.last(in: "setGrad", of: [self, gradient])
    }
  }

  /// The same memory, outside the graph.
  public func detached() throws -> Tensor { requiresGrad ? try op("aten::detach", self) : self }

  /// Adds the gradients of this scalar (or of its product with `gradient`) to the leaves.
  public func backward(_ gradient: Tensor? = nil, retainGraph: Bool = false) throws {
    let done = withHandles([self]) { roots in
      withHandles([gradient]) { ct_backward(roots, gradient == nil ? nil : $0, 1, retainGraph) }
    }
    guard done != 0 else {
      throw TorchError.last(in: "backward", of: [self])
    }
  }
}

/// The gradients of `outputs`, weighted by `upstream`, with respect to `inputs`; nil where one was not used.
///
/// - Parameter createGraph: whether the gradients can themselves be differentiated.
public func gradients(
  of outputs: [Tensor], withRespectTo inputs: [Tensor], upstream: [Tensor]? = nil, retainGraph: Bool = false,
  createGraph: Bool = false
) throws -> [Tensor?] {
  guard upstream == nil || upstream?.count == outputs.count else {
    throw TorchError(
      .invalid, "gradients: \(outputs.count) outputs, \(upstream?.count ?? 0) upstream gradients")
  }
  var results = [OpaquePointer?](repeating: nil, count: inputs.count)
  let done = withHandles(outputs) { from in
    withHandles(inputs) { to in
      withHandles(upstream ?? []) { weights in
        ct_gradients(
          from, upstream == nil ? nil : weights, Int32(outputs.count), to, Int32(inputs.count),
          retainGraph || createGraph, createGraph, &results)
      }
    }
  }
  guard done != 0 else { throw TorchError.last(in: "gradients", of: [outputs, inputs]) }
  return results.map { $0.map(Tensor.init(owning:)) }
}
