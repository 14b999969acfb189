import CTorch

/// Ties `outputs`, computed without recording, to `inputs` by a backward pass written in Swift.
///
/// `pullback` gets the gradient of each output (nil where it is zero) and the `saved` tensors, and returns
/// the gradient of each input (nil for none). It must not capture inputs or outputs: what it needs of them
/// goes through `saved`, which the engine frees as soon as the backward pass is done with it. It may itself
/// run backward passes.
///
/// - Returns: tensors with the memory of `outputs` that belong to the graph.
public func attachGradient(
  to outputs: [Tensor], inputs: [Tensor], saving saved: [Tensor] = [],
  _ pullback: @escaping (_ gradients: [Tensor?], _ saved: [Tensor]) throws -> [Tensor?]
) throws -> [Tensor] {
  guard isRecordingGradients, inputs.contains(where: \.requiresGrad) else { return outputs }
  let memory = SavedTensors(saved)
  let (saved, restore) = (memory.kept, memory.restoring)
  let function = Pullback(inputs: inputs.count, outputs: outputs.count, saved: saved.count) {
    try pullback($0, restore($1))
  }
  var results = [OpaquePointer?](repeating: nil, count: outputs.count)
  let context = Unmanaged.passRetained(function).toOpaque()
  let done = withHandles(inputs) { inputHandles in
    withHandles(outputs) { outputHandles in
      withHandles(saved) { savedHandles in
        ct_custom_function(
          inputHandles, Int32(inputs.count), outputHandles, Int32(outputs.count), savedHandles,
          Int32(saved.count), runPullback, context,
          { context in
            if let context { Unmanaged<Pullback>.fromOpaque(context).release() }
          }, &results)
      }
    }
  }
  guard done != 0 else { throw TorchError.last(in: "attachGradient", of: [inputs, outputs]) }
  return results.compactMap { $0.map(Tensor.init(owning:)) }
}

/// ``attachGradient(to:inputs:saving:_:)`` for one output; a pass in which it has no gradient is skipped.
public func attachGradient(
  to output: Tensor, inputs: [Tensor], saving saved: [Tensor] = [],
  _ pullback: @escaping (_ gradient: Tensor, _ saved: [Tensor]) throws -> [Tensor?]
) throws -> Tensor {
  let count = inputs.count
  let results = try attachGradient(to: [output], inputs: inputs, saving: saved) { gradients, saved in
    guard let gradient = gradients[0] else { return Array(repeating: nil, count: count) }
    return try pullback(gradient, saved)
  }
  return results.first ?? output
}

private final class Pullback {
  let inputs, outputs, saved: Int
  let body: ([Tensor?], [Tensor]) throws -> [Tensor?]

  init(inputs: Int, outputs: Int, saved: Int, _ body: @escaping ([Tensor?], [Tensor]) throws -> [Tensor?]) {
    (self.inputs, self.outputs, self.saved, self.body) = (inputs, outputs, saved, body)
  }
}

/// The C entry of a backward pass: borrows its handles, and hands errors on as text.
private let runPullback: ct_pullback = { context, gradients, saved, results in
  guard let context, let results else { return 0 }
  let function = Unmanaged<Pullback>.fromOpaque(context).takeUnretainedValue()
  do {
    let upstream = (0..<function.outputs).map {
      gradients?[$0].flatMap(ct_tensor_retain).map(Tensor.init(owning:))
    }
    let kept = (0..<function.saved).compactMap {
      saved?[$0].flatMap(ct_tensor_retain).map(Tensor.init(owning:))
    }
    let made = try function.body(upstream, kept)
    guard made.count == function.inputs else {
      ct_set_error(
        "a pullback of \(function.inputs) inputs returned \(made.count) gradients", Int32(CT_ERROR_OTHER))
      return 0
    }
    for (index, gradient) in made.enumerated() {
      results[index] = gradient.flatMap { ct_tensor_retain($0.handle) }
    }
    return 1
  } catch {
    ct_set_error("\(error)", Int32(CT_ERROR_OTHER))
    return 0
  }
}
