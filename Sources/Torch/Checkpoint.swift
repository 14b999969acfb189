/// Runs `body` without keeping its intermediate results; the backward pass runs it again to get them.
///
/// Memory falls to that of the inputs and outputs, for the price of a second forward pass. Random numbers
/// (dropout) are the same in both runs.
///
/// - Parameters:
///   - inputs: what `body` is given.
///   - parameters: trainable tensors that `body` uses otherwise; they get their gradients too.
/// - Source: Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost".
public func checkpointed(
  _ inputs: [Tensor], parameters: [Tensor], _ body: @escaping ([Tensor]) throws -> [Tensor]
) throws -> [Tensor] {
  guard isRecordingGradients, (inputs + parameters).contains(where: \.requiresGrad) else {
    return try body(inputs)
  }
  let generator = try Generator.standard(for: inputs.first?.device ?? .cpu)
  let randomState = try generator.state()
  let outputs = try withoutGradients { try body(inputs) }
  let (inputCount, trainable) = (inputs.count, parameters.filter(\.requiresGrad))
  // What was saved may come back as a recomputed tensor that no longer says so.
  let wanting = inputs.map(\.requiresGrad)
  return try attachGradient(to: outputs, inputs: inputs + trainable, saving: inputs) { upstream, saved in
    let later = try generator.state()
    try generator.restore(randomState)
    defer { try? generator.restore(later) }
    return try withGradients {
      let again = try zip(saved, wanting).map { tensor, needsGradient in
        let leaf = try tensor.detached()
        return needsGradient ? try leaf.requireGrad() : leaf
      }
      let results = try body(again)
      var (reached, weights): ([Tensor], [Tensor]) = ([], [])
      for (result, gradient) in zip(results, upstream) {
        guard let gradient, result.requiresGrad else { continue }
        reached.append(result)
        weights.append(gradient)
      }
      let wanted = again.filter(\.requiresGrad) + trainable
      var found = try gradients(of: reached, withRespectTo: wanted, upstream: weights)[...]
      return again.prefix(inputCount).map { $0.requiresGrad ? found.popFirst() ?? nil : nil } + Array(found)
    }
  }
}
