import Configuration
import Foundation
import JSON
import NN
import Torch

/// Factors along the leading singular directions of the weight's gradient, taken off the base: the first steps of
/// training then move the weight as full fine-tuning would.
///
/// G = U S V^T of the mean gradient over the batches; which of the 2r leading triplets go into A (rows of V^T) and which
/// into B (columns of U S) is the `direction`, by what they are multiplied the `scale`.
/// Source: Wang et al. 2024, "LoRA-GA: Low-Rank Adaptation with Gradient Approximation", algorithm 1; options as PEFT
/// 0.21. Embeddings and convolutions start as usual there, and here.
struct LoRAGA: DataInitializer {
  static let spellings = ["lora_ga"]
  let isOffset = true

  enum Direction: String, CaseIterable, ConfigurationValue {
    /// B the even triplets, A the odd ones.
    case alternating = "ArBr"
    /// B the first r, A the next r.
    case leftFirst = "A2rBr"
    /// A the first r, B the next r.
    case rightFirst = "ArB2r"
    /// The same r of them for both, drawn at random.
    case random
  }

  enum Scale: String, CaseIterable, ConfigurationValue {
    /// B times out^(1/4) / sqrt(stable_gamma).
    case stable
    /// B so that its first triplet is as long as the weight's own.
    case weightSVD = "weight_svd"
    /// Both divided by s.
    case gradientDescent = "gd_scale"
    case unit
  }

  /// `lora_ga_config`.
  struct Settings: Configuration {
    var direction = Direction.rightFirst
    var scale = Scale.stable
    var gamma = 16.0

    static let fields: [Field<Settings>] = [
      Field("direction", \.direction, "which singular vectors of the gradient A and B get"),
      Field("scale", \.scale, "how they are scaled"),
      Field("stable_gamma", \.gamma, "what stable divides by the root of"),
    ]

    func validate() throws {
      guard gamma > 0, gamma.isFinite else {
        throw ConfigurationError("stable_gamma", value: gamma, rule: "must be more than 0")
      }
    }
  }

  init?(_ value: JSONValue) { guard value.stringValue == "lora_ga" else { return nil } }

  func supports(_ kind: LayerKind) -> Bool {
    switch kind {
    case .linear, .transposedLinear, .embedding, .convolution: true
    case .norm, .parameter: false
    }
  }

  func rankLimit(_ layer: any AdaptableLayer) throws -> Int? {
    layer.isLinear ? try layer.smallerSide() / 2 : nil
  }

  func validate(_ method: LoRA) throws {
    _ = try method.settings(Settings.self, of: "lora_ga_config")
    try requirePositiveScale(method)
  }

  func start(
    _ method: LoRA, for layers: [any AdaptableLayer], on data: Calibration, probes: Probes,
    generator: Generator
  ) throws -> CalibratedStart {
    let settings = try method.settings(Settings.self, of: "lora_ga_config")
    var start = CalibratedStart(method: method)
    let linear = layers.filter(\.isLinear)
    let shares = try LayerShares(linear) { layer in
      let (inputs, outputs) = try layer.linearSizes()
      return 4 * inputs * outputs
    }
    for share in shares.shares {
      let sums = try Self.gradients(of: share, data, probes)
      for (layer, sum) in zip(share, sums) {
        start.factors[layer.name] = try withoutGradients {
          try Self.factors(layer, sum / Double(data.count), method, settings, generator)
        }
      }
    }
    return start
  }

  /// The gradient of each weight, [out, in] float32, summed over the batches' mean losses.
  private static func gradients(
    of layers: [any AdaptableLayer], _ data: Calibration, _ probes: Probes
  ) throws -> [Tensor] {
    var sums = [Tensor?](repeating: nil, count: layers.count)
    let made = layers.enumerated().map { place, layer in
      let probe = LayerProbe(onGradient: { x, gradient in
        let rows = try x.reshaped([-1, x.shape.last ?? 0]).to(dtype: .float32)
        let upstream = try gradient.reshaped([-1, gradient.shape.last ?? 0]).to(dtype: .float32)
        sums[place] = try sums[place]?.addmm_(upstream.t(), rows) ?? upstream.t().mm(rows)
      })
      return (layer, probe)
    }
    for index in 0..<data.count {
      let batch = try data.batch(index)
      try probes.run(made) { try withGradients { try batch.loss().backward() } }
    }
    return try zip(layers, sums).map { layer, sum in
      guard let sum, try sum.isFinite().all().item(of: Bool.self) else {
        throw AdapterError(
          "no finite gradient reaches \(layer.name) in the calibration batches: exclude it, or look at the data"
        )
      }
      return sum
    }
  }

  private static func factors(
    _ layer: any AdaptableLayer, _ gradient: Tensor, _ method: LoRA, _ settings: Settings,
    _ generator: Generator
  ) throws -> InitialFactors {
    let (rank, limit) = (try method.rank(for: layer.name), gradient.shape.min() ?? 0)
    let own = try Generator(seed: 42, device: gradient.device)
    let (u, s, v) = try gradient.svdLowRank(min(4 * rank, limit), iterations: 4, generator: own)
    let (forA, forB) = try settings.direction.triplets(rank, generator, gradient.device)
    var a = try v.indexSelect(1, forA).t()
    let strengths = try s.indexSelect(0, forB)
    var b = try u.indexSelect(1, forB) * strengths
    switch settings.scale {
    case .stable:
      // As in the reference: the first size in which the layer stores its weight.
      let size = Double(layer.untouchedWeight.shape[0])
      b = try b * (pow(size, 0.25) / settings.gamma.squareRoot())
    case .weightSVD:
      let first: Double = try strengths.select(0, 0).item()
      let longest: Double = try layer.untouchedMatrix().svdLowRank(rank, iterations: 4, generator: own).s
        .select(
          0, 0
        ).item()
      if first > 0 { b = try b * (longest / first) }
    case .gradientDescent:
      let scale = try method.scaling(for: layer.name)
      (a, b) = (try a / scale, try b / scale)
    case .unit: break
    }
    return try InitialFactors(a: a, b: b)
  }

  /// Embeddings and convolutions start as usual.
  func factors(of layer: any AdaptableLayer, _ request: FactorRequest) throws -> InitialFactors {
    layer.isLinear
      ? try measuredFactors(of: layer, request) : try RandomFactors.kaiming.factors(of: layer, request)
  }
}

extension LoRAGA.Direction {
  /// The places, among the 2r leading triplets, of those for A and those for B.
  fileprivate func triplets(_ rank: Int, _ generator: Generator, _ device: Device) throws -> (Tensor, Tensor)
  {
    let (first, second) = (try Tensor.arange(0, rank), try Tensor.arange(rank, 2 * rank))
    let pair: (Tensor, Tensor)
    switch self {
    case .alternating:
      pair = (try .arange(1, 2 * rank, step: 2), try .arange(0, 2 * rank, step: 2))
    case .leftFirst: pair = (second, first)
    case .rightFirst: pair = (first, second)
    case .random:
      let drawn = try Tensor.randperm(2 * rank, generator: generator).slice(0, 0..<rank)
      pair = (drawn, drawn)
    }
    return (try pair.0.to(device: device), try pair.1.to(device: device))
  }
}
