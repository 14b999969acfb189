import NN
import Torch

/// A feed-forward half in which a router sends each token through a few of many experts.
///
/// Tokens are sorted by expert, so that each expert that is used takes one product for all of its tokens, and the
/// others none. The experts' matrices are slices of one parameter each, as transformers 5 keeps them.
///
/// Source: Shazeer et al. 2017, "Outrageously Large Neural Networks"; Jiang et al. 2024, "Mixtral of Experts".
struct MixtureFeedForward {
  private let router, gateAndUp, down: AdaptableParameter
  private let shared: (expert: GatedFeedForward, gate: Linear?)?
  private let mixture: MixtureConfiguration
  private let activation: Activation
  private let mode: Mode

  /// - Parameter path: of the whole half, such as `mlp`.
  init(_ path: Path, _ mixture: MixtureConfiguration, _ config: DecoderConfiguration) throws {
    let initial = Initializer.normal(std: config.initializerRange)
    let (experts, outer, inner) = (mixture.expertCount, config.hiddenSize, mixture.expertSize)
    router = try AdaptableParameter(
      path / mixture.router, "weight", [experts, outer], initial: initial)
    func matrices(_ name: String, in inputs: Int, out outputs: Int) throws -> AdaptableParameter {
      try AdaptableParameter(
        path / "experts", name,
        mixture.isTransposed ? [experts, inputs, outputs] : [experts, outputs, inputs],
        initial: initial)
    }
    gateAndUp = try matrices("gate_up_proj", in: outer, out: 2 * inner)
    down = try matrices("down_proj", in: inner, out: outer)
    shared = try mixture.sharedSize.map { size in
      (
        try GatedFeedForward(path / "shared_expert", config, width: size),
        try mixture.hasSharedGate
          ? Linear(path / "shared_expert_gate", in: outer, out: 1, initial: initial) : nil
      )
    }
    (self.mixture, activation, mode) = (mixture, config.activation, path.store.mode)
  }

  /// - Parameter x: [batch, tokens, d].
  /// - Returns: the same shape, and the router's logits [batch * tokens, experts].
  func callAsFunction(_ x: Tensor) throws -> (output: Tensor, logits: Tensor) {
    var rows = try x.reshaped([-1, x.shape[2]])
    if mode.isTraining, mixture.jitter > 0 {
      rows = try rows * rows.emptyLike().uniform_(1 - mixture.jitter, 1 + mixture.jitter)
    }
    let logits = try rows.linear(router())
    var (weights, choices) = try scores(logits).topk(mixture.chosenCount)
    if case .outputs(true) = mixture.weighing { weights = try weights / weights.sum([-1], keepDim: true) }
    var output = try experts(rows, weights.to(dtype: x.dtype), choices).view(x.shape)
    if let shared {
      let common = try shared.expert(x)
      output = try output + (shared.gate.map { try $0(x).sigmoid() * common } ?? common)
    }
    return (output, logits)
  }

  /// What experts are chosen and weighed by, float32 [rows, experts].
  private func scores(_ logits: Tensor) throws -> Tensor {
    switch mixture.weighing {
    case .outputs: try logits.softmax(-1, dtype: .float32)
    case .inputs: try logits.to(dtype: .float32).sigmoid()
    }
  }

  /// The sum of what a token's experts make of it, either weighed; weights and choices [rows, chosen].
  private func experts(_ rows: Tensor, _ weights: Tensor, _ choices: Tensor) throws -> Tensor {
    let (order, places, counts) = try withoutGradients { () throws -> (Tensor, Tensor, [Int]) in
      let flat = try choices.flattened()
      let order = try flat.argsort()
      var counts = [Int](repeating: 0, count: mixture.expertCount)
      for expert in try flat.array(of: Int.self) { counts[expert] += 1 }
      return (order, try order.argsort(), counts)
    }
    var inputs = try rows.indexSelect(0, order.floorDivided(mixture.chosenCount))
    if case .inputs = mixture.weighing {
      inputs = try inputs * weights.flattened().indexSelect(0, order).unsqueezed(-1)
    }
    let (wide, narrow) = (
      try gateAndUp.expertProducts(inputsFirst: mixture.isTransposed),
      try down.expertProducts(inputsFirst: mixture.isTransposed)
    )
    var (outputs, first): ([Tensor], Int) = ([], 0)
    for (expert, count) in counts.enumerated() where count > 0 {
      let parts = try wide(inputs.slice(0, first..<(first + count)), expert: expert).chunked(2, dim: -1)
      outputs.append(try narrow(gated(parts[0], parts[1], by: activation), expert: expert))
      first += count
    }
    // Back in the order of the tokens: [rows, chosen, d].
    let sorted = try Tensor.cat(outputs, dim: 0).indexSelect(0, places).view(choices.shape + [rows.shape[1]])
    guard case .outputs = mixture.weighing else { return try sorted.sum([1]) }
    return try (sorted * weights.unsqueezed(-1)).sum([1])
  }
}

extension MixtureConfiguration {
  /// - Parameters:
  ///   - experts: the key of their number, and its usual value.
  ///   - chosen: the usual `num_experts_per_tok`.
  ///   - imbalance: the usual `router_aux_loss_coef`.
  /// - Throws: ``ModelError`` naming the key whose value does not do.
  init(
    _ config: ModelConfiguration, experts: (key: String, usual: Int), chosen: Int, width: Int,
    isNormalized: Bool, imbalance: Double = 0.001
  ) throws {
    expertCount = try config.size(experts.key, default: experts.usual)
    chosenCount = try config.size("num_experts_per_tok", default: chosen)
    guard chosenCount <= expertCount else {
      throw config.invalid("num_experts_per_tok", "must be at most \(experts.key) (\(expertCount))")
    }
    (expertSize, weighing) = (width, .outputs(isNormalized: isNormalized))
    if try config.value("output_router_logits", default: false) {
      imbalanceWeight = try config.value("router_aux_loss_coef", default: imbalance)
    }
  }
}
