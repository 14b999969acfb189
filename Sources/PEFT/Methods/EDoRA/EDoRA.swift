import Configuration
import NN
import Torch

/// EDoRA: W + s B R A with rows scaled to a trained magnitude; A and B are frozen at the leading singular part of W,
/// and R [r, r] alone is trained. Without the magnitude it is LoRA-XS.
///
/// Source: Nasiri and Garraghan 2025, "EDoRA: Efficient Weight-Decomposed Low-Rank Adaptation via Singular Value
/// Decomposition"; Balazy et al. 2024, "LoRA-XS". Hugging Face PEFT has neither; ``folded`` makes a DoRA or LoRA of it.
public struct EDoRA: AdapterMethod {
  public static let peftType = "EDORA"

  public enum Start: String, CaseIterable, ConfigurationValue {
    /// A = S V^T and B = U of the truncated singular value decomposition of W.
    case svd
    /// Both Kaiming-uniform.
    case random
    /// As svd, but the second half of B's columns random.
    case halfRandom = "half_random"
  }

  public var rank = 32
  public var alpha: WholeOrReal = 32
  public var dropout = 0.0
  public var targeting = Targeting()
  public var rankPattern = LayerPattern<Int>()
  public var alphaPattern = LayerPattern<WholeOrReal>()
  public var start = Start.svd
  public var iterations = 10
  public var sigma = 1e-5
  public var seed = 42
  public var usesMagnitude = true

  public init() {}

  public static let fields: [Field<EDoRA>] = [
    Field("r", \.rank, "the rank; R has r x r elements"),
    Field("lora_alpha", \.alpha, "the scale is alpha / r"),
    Field("lora_dropout", \.dropout, "dropout of the adapter's input"),
    Field("target_modules", \.targeting.modules, "names, a regular expression, or all-linear"),
    Field("exclude_modules", \.targeting.excluded, "modules that are never adapted"),
    Field("modules_to_save", \.targeting.modulesToSave, "modules trained whole and saved with the adapter"),
    Field("layers_to_transform", \.targeting.layersField, "indices of the layers to adapt"),
    Field("layers_pattern", \.targeting.layersPatternField, "the list that holds the layers"),
    Field("rank_pattern", \.rankPattern, "ranks that differ, by regular expressions on module names"),
    Field("alpha_pattern", \.alphaPattern, "alphas that differ, by regular expressions on module names"),
    Field("init_edora_weights", \.start, "how the frozen A and B are made"),
    Field("svd_n_iter", \.iterations, "power iterations of the singular value decomposition"),
    Field("init_sigma", \.sigma, "standard deviation of R at the start"),
    Field("svd_seed", \.seed, "seed of the singular value decomposition"),
    Field("use_magnitude", \.usesMagnitude, "train row magnitudes; false for LoRA-XS"),
  ]

  public func validate() throws {
    try LoRA.requireBounds(rank, alpha, rankPattern, alphaPattern)
    guard (0..<1).contains(dropout) else {
      throw ConfigurationError("lora_dropout", value: dropout, rule: "must be at least 0 and below 1")
    }
    guard iterations >= 0 else {
      throw ConfigurationError("svd_n_iter", value: iterations, rule: "must not be negative")
    }
    guard sigma >= 0 else {
      throw ConfigurationError("init_sigma", value: sigma, rule: "must not be negative")
    }
    guard seed >= 0 else { throw ConfigurationError("svd_seed", value: seed, rule: "must not be negative") }
    try targeting.validate()
  }

  public func supports(_ kind: LayerKind) -> Bool {
    switch kind {
    case .linear, .transposedLinear, .convolution: true
    case .embedding, .norm, .parameter: false
    }
  }

  public func rank(for name: String) throws -> Int { try rankPattern.value(for: name) ?? rank }

  public func scaling(for name: String) throws -> Double {
    try (alphaPattern.value(for: name) ?? alpha).value / Double(rank(for: name))
  }

  public func unmatchedPatterns(_ adapted: [String]) throws -> [String] {
    try rankPattern.unmatched(adapted) + alphaPattern.unmatched(adapted)
  }

  public func makeAdapter(for layer: any AdaptableLayer, context: InjectionContext) throws -> any LayerAdapter
  {
    try EDoRALinear(layer, self, context)
  }

  /// The frozen factors for `layer` as a matrix: A [r, in] and B [out, r].
  func factors(of layer: any AdaptableLayer, rank: Int, generator: Generator) throws -> (a: Tensor, b: Tensor)
  {
    let (inputs, outputs) = try layer.linearSizes()
    guard rank <= min(inputs, outputs) || start == .random else {
      throw ConfigurationError(
        "r", value: rank, rule: "must be at most \(min(inputs, outputs)), the smaller side of \(layer.name)")
    }
    // The bounds of the original code, whose factors are stored transposed.
    let second = Initializer.uniform(1 / Double(outputs).squareRoot())
    guard start != .random else {
      let first = Initializer.uniform(1 / Double(rank).squareRoot())
      return (
        try first.tensor([rank, inputs], generator: generator),
        try second.tensor([outputs, rank], generator: generator)
      )
    }
    let weight = try layer.matrix(layer.untouchedWeight.dense(.float32))
    // Ten extra directions, as the reference's solver takes, make the leading ones exact to float precision.
    let seeded = try Generator(seed: UInt64(clamping: seed), device: weight.device)
    let parts = try weight.svdLowRank(
      min(rank + 10, inputs, outputs), iterations: iterations, generator: seeded)
    let a = try (parts.v * parts.s).t().slice(0, 0..<rank).contiguous()
    let b = try parts.u.slice(1, 0..<rank).contiguous()
    guard start == .halfRandom else { return (a, b) }
    let kept = (rank + 1) / 2
    let random = try second.tensor([outputs, rank - kept], generator: generator).to(device: b.device)
    return (a, try .cat([b.slice(1, 0..<kept), random], dim: 1))
  }
}
