import Configuration
import JSON
import NN
import Torch

/// AdaLoRA: W + s B diag(E) A, whose triplets (a row of A, an element of E, a column of B) are pruned during training
/// to a budget shared by all layers.
///
/// Source: Zhang et al. 2023, "AdaLoRA: Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning"; fields,
/// defaults and files as Hugging Face PEFT's `AdaLoraConfig`.
public struct AdaLoRA: AdapterMethod {
  public static let peftType = "ADALORA"
  public static let ownKeys = ["hold_masked_triplets"]

  public var targetRank = 8
  public var initialRank = 12
  public var warmup = 0
  public var cooldown = 0
  public var interval = 1
  public var sensitivityDecay = 0.85
  public var uncertaintyDecay = 0.85
  public var regularization = 0.5
  public var totalSteps: Int?
  /// Which triplets of each layer are kept, by `PATH.lora_E`; nil while all are.
  public var keptTriplets: [(key: String, kept: [Bool])]?
  public var holdsMasked = false
  /// What it shares with LoRA. The rank is not used.
  public var lora = LoRA()

  public init() {}

  public static let fields: [Field<AdaLoRA>] =
    [
      Field("target_r", \.targetRank, "the average rank at the end"),
      Field("init_r", \.initialRank, "the rank of every layer at the start"),
      Field("tinit", \.warmup, "steps before the budget begins to fall"),
      Field("tfinal", \.cooldown, "steps at the end with the final budget"),
      Field("deltaT", \.interval, "steps from one allocation to the next"),
      Field("beta1", \.sensitivityDecay, "smoothing of the sensitivity"),
      Field("beta2", \.uncertaintyDecay, "smoothing of the uncertainty"),
      Field("orth_reg_weight", \.regularization, "weight of the orthogonality term"),
      Field("total_step", \.totalSteps, "steps of the whole training; the trainer sets it when it is null"),
      Field("hold_masked_triplets", \.holdsMasked, "keep pruned triplets at zero between allocations"),
      Field(
        "rank_pattern", \.patternField,
        "which triplets of each layer are kept; written after the last allocation"),
    ]
    + LoRA.fields.filter { $0.key != "rank_pattern" && !LoRA.ownKeys.contains($0.key) }.map {
      $0.lifted(to: \AdaLoRA.lora)
    }

  public var targeting: Targeting {
    get { lora.targeting }
    set { lora.targeting = newValue }
  }

  /// As LoRA, but for the families that adapt every layer.
  ///
  /// Source: `TRANSFORMERS_MODELS_TO_ADALORA_TARGET_MODULES_MAPPING` of PEFT 0.21.
  public mutating func settle(for traits: ModelTraits, layers: [any AdaptableLayer]) throws {
    let usual: [String]? =
      switch traits.modelType {
      case "opt", "bart": ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
      case "roberta": ["query", "key", "value", "dense"]
      case "t5": ["q", "k", "v", "o", "wi", "wo"]
      case "mt5": ["q", "k", "v", "o", "wi_0", "wi_1", "wo"]
      case "deberta-v2": ["query_proj", "key_proj", "value_proj", "dense"]
      default: traits.usualTargets
      }
    targeting.modules = targeting.modules ?? usual.map(ModuleSelection.names)
    lora.taskSpecific.note(layers)
  }

  public var bias: BiasTraining { lora.bias }
  public var trainableTokens: TokenSelection? { lora.trainableTokens }
  public var layerReplication: [[Int]]? { lora.layerReplication }

  public func validate() throws {
    try lora.validate()
    func require(_ holds: Bool, _ field: String, _ value: Any, _ rule: String) throws {
      guard holds else { throw ConfigurationError(field, value: value, rule: rule) }
    }
    try require(targetRank > 0, "target_r", targetRank, "must be at least 1")
    try require(
      initialRank <= LoRA.largestRank, "init_r", initialRank, "must be at most \(LoRA.largestRank)")
    try require(initialRank >= targetRank, "init_r", initialRank, "must be at least target_r, \(targetRank)")
    try require(warmup >= 0, "tinit", warmup, "must not be negative")
    try require(cooldown >= 0, "tfinal", cooldown, "must not be negative")
    try require(interval > 0, "deltaT", interval, "must be at least 1")
    try require(
      sensitivityDecay > 0 && sensitivityDecay < 1, "beta1", sensitivityDecay, "must be between 0 and 1")
    try require(
      uncertaintyDecay > 0 && uncertaintyDecay < 1, "beta2", uncertaintyDecay, "must be between 0 and 1")
    try require(regularization >= 0, "orth_reg_weight", regularization, "must not be negative")
    try require(!lora.usesDoRA, "use_dora", true, "cannot be combined with AdaLoRA")
    try require(
      lora.targetParameters.isEmpty, "target_parameters", lora.targetParameters,
      "cannot be combined with AdaLoRA")
    try require(
      !lora.isActivated, "alora_invocation_tokens", lora.invocationTokens ?? [],
      "cannot be combined with AdaLoRA")
    try require(!lora.hasBias, "lora_bias", true, "cannot be combined with AdaLoRA")
    try require(
      !lora.initialization.isDerived, "init_lora_weights", lora.initialization.json.serialized(),
      "cannot be combined with AdaLoRA: use true")
    guard let totalSteps else { return }
    try require(totalSteps > 0, "total_step", totalSteps, "must be at least 1")
    try require(
      warmup < totalSteps - cooldown, "tinit", warmup,
      "tinit + tfinal must be below total_step, \(totalSteps), or no step is left to allocate in")
  }

  public func supports(_ kind: LayerKind) -> Bool {
    switch kind {
    case .linear, .transposedLinear, .convolution, .embedding: true
    case .norm, .parameter: false
    }
  }

  /// The number of triplets that the layer at path `name` has in a file.
  func rank(for name: String) -> Int {
    keptTriplets?.first { $0.key == "\(name).lora_E" }.map { $0.kept.lazy.filter(\.self).count }
      ?? initialRank
  }

  /// s, the same for every layer.
  var scaling: Double {
    // As in the reference: by the initial rank, whatever is left of it, and a small number.
    let alpha = lora.alpha.value
    return (alpha > 0 ? alpha : Double(initialRank)) / (Double(initialRank) + 1e-5)
  }

  public func makeAdapter(for layer: any AdaptableLayer, context: InjectionContext) throws -> any LayerAdapter
  {
    try AdaLoRALinear(layer, rank: context.isLoading ? rank(for: layer.name) : initialRank, self, context)
  }

  public func makeHook(for adapters: [(layer: String, adapter: any LayerAdapter)]) throws -> (
    any TrainingHook
  )? {
    RankAllocator(
      self, adapters.compactMap { pair in (pair.adapter as? AdaLoRALinear).map { (pair.layer, $0) } })
  }

  /// `rank_pattern` as Hugging Face PEFT writes it: `{"PATH.lora_E": [true, false, ...]}`.
  var patternField: JSONValue {
    get {
      guard let keptTriplets else { return .null }
      return .object(JSONObject(keptTriplets.map { ($0.key, .array($0.kept.map(JSONValue.bool))) }))
    }
    set {
      keptTriplets = newValue.objectValue.flatMap { $0.isEmpty ? nil : $0 }.map { object in
        object.map { (Self.withoutPrefix($0.key), $0.value.arrayValue?.compactMap(\.boolValue) ?? []) }
      }
    }
  }

  private static func withoutPrefix(_ key: String) -> String {
    key.hasPrefix(AdaptedModel.keyPrefix) ? String(key.dropFirst(AdaptedModel.keyPrefix.count)) : key
  }
}
