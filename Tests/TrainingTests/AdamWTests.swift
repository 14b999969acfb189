import Testing
import Torch

@testable import Training

/// Three updates against `torch.optim.AdamW` of torch 2.13.
struct AdamWTests {
  private static let gradients: [([Float], [Float])] = [
    ([0.1, -0.2, 0.3], [0.5]), ([0.4, 0.0, -0.6], [-0.25]), ([-0.05, 0.7, 0.2], [1.5]),
  ]
  private static let expected: [([Float], Float)] = [
    ([0.4895000159740448, -0.9890000224113464, 1.9880000352859497], 0.21000000834465027),
    ([0.4801667630672455, -0.9813104867935181, 1.989673137664795], 0.19934652745723724),
    ([0.47366955876350403, -0.98505038022995, 1.9885692596435547], 0.1725265085697174),
  ]

  private func parameters(_ dtype: DType = .float32) throws -> [TrainableParameter] {
    [
      TrainableParameter(
        name: "l.weight", tensor: try Tensor([0.5, -1, 2] as [Float]).to(dtype: dtype).requireGrad()),
      TrainableParameter(
        name: "l.bias", tensor: try Tensor([0.25] as [Float]).to(dtype: dtype).requireGrad(),
        learningRateScale: 4),
    ]
  }

  private var options: TrainingOptions {
    var options = TrainingOptions()
    options.weightDecay = 0.1
    return options
  }

  private func apply(_ step: Int, to parameters: [TrainableParameter], _ optimizer: AdamW) throws {
    let (weight, bias) = Self.gradients[step]
    try parameters[0].tensor.setGrad(Tensor(weight).to(dtype: parameters[0].tensor.dtype))
    try parameters[1].tensor.setGrad(Tensor(bias).to(dtype: parameters[1].tensor.dtype))
    try optimizer.update(step: step + 1, rate: 0.01)
  }

  @Test func updatesAreTorchs() throws {
    let parameters = try parameters()
    let optimizer = try AdamW(parameters, options: options, device: .cpu)
    for (step, (weight, bias)) in Self.expected.enumerated() {
      try apply(step, to: parameters, optimizer)
      for (found, right) in zip(try parameters[0].tensor.array(of: Float.self), weight) {
        #expect(abs(found - right) < 2e-7)
      }
      #expect(abs(try parameters[1].tensor.item(of: Float.self) - bias) < 2e-7)
    }
  }

  @Test func halfPrecisionIsRoundedFromAFloat32Copy() throws {
    let parameters = try parameters(.bfloat16)
    let optimizer = try AdamW(parameters, options: options, device: .cpu)
    for step in 1...50 {
      try parameters[0].tensor.setGrad(Tensor([1, 1, 1] as [Float]).to(dtype: .bfloat16))
      // Each update is an eighth of the spacing of bfloat16 at 2, and would be lost by itself.
      try optimizer.update(step: step, rate: 1e-3)
    }
    let weights = try parameters[0].tensor.array(of: Float.self)
    #expect(abs(weights[2] - 1.9409) < 0.01)
    #expect(parameters[0].tensor.dtype == .bfloat16)
    let master = try #require(optimizer.state["parameter.l.weight"])
    #expect(try master.to(dtype: .bfloat16).isIdentical(to: parameters[0].tensor))
    #expect(master.dtype == .float32)
  }

  @Test(arguments: [DType.float32, .bfloat16])
  func aRestoredStateGoesOnWithTheSameBits(dtype: DType) throws {
    let whole = try parameters(dtype)
    let optimizer = try AdamW(whole, options: options, device: .cpu)
    try apply(0, to: whole, optimizer)
    try apply(1, to: whole, optimizer)
    let saved = try optimizer.state.mapValues { try $0.detached().clone() }
    try apply(2, to: whole, optimizer)

    let later = try parameters(dtype)
    let restored = try AdamW(later, options: options, device: .cpu)
    try restored.restore(saved)
    try apply(2, to: later, restored)
    for (one, other) in zip(whole, later) { #expect(try one.tensor.isIdentical(to: other.tensor)) }
    for (name, tensor) in optimizer.state {
      #expect(try tensor.isIdentical(to: #require(restored.state[name])))
    }
  }

  static let decaying = [
    ("model.layers.0.self_attn.q_proj.lora_A.weight", true), ("model.embed_tokens.weight", true),
    ("model.layers.0.self_attn.q_proj.bias", false), ("model.norm.weight", false),
    ("model.layers.0.input_layernorm.weight", false), ("model.layers.0.self_attn.q_norm.weight", false),
    ("model.normalizer.weight", true), ("norm.weight", false), ("x.LayerNorm.weight", false),
  ]

  @Test(arguments: decaying)
  func biasesAndNormsDoNotDecay(name: String, decays: Bool) throws {
    #expect(TrainableParameter(name: name, tensor: try .zeros([1])).decays == decays)
  }

  @Test(arguments: [(0.5, true), (10.0, false)])
  func clippingScalesTheGradientsToTheLimit(limit: Double, clips: Bool) throws {
    let parameters = try parameters()
    try parameters[0].tensor.setGrad(Tensor([3, 0, 0] as [Float]))
    try parameters[1].tensor.setGrad(Tensor([4] as [Float]))
    let gradients = try GradientNorm(of: parameters)
    let norm: Double = try #require(gradients.value).item()
    #expect(norm == 5)
    try gradients.clip(to: limit, norm: norm)
    let after: Double = try #require(GradientNorm(of: parameters).value).item()
    #expect(abs(after - (clips ? limit : 5)) < 1e-6)
  }
}
