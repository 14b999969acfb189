import Configuration
import JSON
import NN
import Torch

/// Low-rank adaptation: W + s B A with A [r, in] and B [out, r].
///
/// Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1; fields, defaults and
/// files as Hugging Face PEFT's `LoraConfig`.
public struct LoRA: AdapterMethod {
  public static let peftType = "LORA"
  public static let ownKeys = ["magnitude_only_modules"]

  public var rank = 8
  public var alpha: WholeOrReal = 8
  public var dropout = 0.0
  public var targeting = Targeting()
  public var bias = BiasTraining.none
  public var usesRankStabilizedScaling = false
  public var rankPattern = LayerPattern<Int>()
  public var alphaPattern = LayerPattern<WholeOrReal>()
  public var initialization = LoRAInitialization.standard
  public var hasBias = false
  public var usesDoRA = false
  public var trainableTokens: TokenSelection?
  /// With DoRA: layers that train their magnitude alone, beside those of ``targeting``.
  public var magnitudeOnly: ModuleSelection?
  public var layerReplication: [[Int]]?
  public var parameterNames: [String]?
  public var invocationTokens: [Int]?
  public var taskSpecific = LoRAExtras()

  public init() {}

  public static let fields: [Field<LoRA>] =
    [
      Field("r", \.rank, "the rank"),
      Field("lora_alpha", \.alpha, "the scale is alpha / r"),
      Field("lora_dropout", \.dropout, "dropout of the adapter's input"),
      Field("target_modules", \.targeting.modules, "names, a regular expression, or all-linear"),
      Field("exclude_modules", \.targeting.excluded, "modules that are never adapted"),
      Field("modules_to_save", \.targeting.modulesToSave, "modules trained whole and saved with the adapter"),
      Field("layers_to_transform", \.targeting.layersField, "indices of the layers to adapt"),
      Field("layers_pattern", \.targeting.layersPatternField, "the list that holds the layers"),
      Field("bias", \.bias, "which biases of the base are trained"),
      Field("use_rslora", \.usesRankStabilizedScaling, "scale by alpha / sqrt(r)"),
      Field("rank_pattern", \.rankPattern, "ranks that differ, by regular expressions on module names"),
      Field("alpha_pattern", \.alphaPattern, "alphas that differ, by regular expressions on module names"),
      Field("init_lora_weights", \.initialization, "how A and B start"),
      Field("lora_bias", \.hasBias, "whether B has a bias"),
      Field("use_dora", \.usesDoRA, "scale rows to a trained magnitude (DoRA)"),
      Field(
        "trainable_token_indices", \.trainableTokens, "tokens whose rows of the embedding are trained too"),
      Field("magnitude_only_modules", \.magnitudeOnly, "modules of which DoRA trains the magnitude alone"),
      Field("target_parameters", \.parameterNames, "parameters, rather than modules, to adapt"),
      Field(
        "layer_replication", \.layerReplication,
        "ranges of layers, [start, end), that the model is stacked from"),
      Field(
        "alora_invocation_tokens", \.invocationTokens, "tokens from which on the adapter is active (aLoRA)"),
    ] + LoRAExtras.fields(at: \.taskSpecific)

  public func validate() throws {
    try Self.requireBounds(rank, alpha, rankPattern, alphaPattern)
    guard (0..<1).contains(dropout) else {
      throw ConfigurationError("lora_dropout", value: dropout, rule: "must be at least 0 and below 1")
    }
    guard !usesDoRA || !hasBias else {
      throw ConfigurationError("lora_bias", value: hasBias, rule: "cannot be combined with use_dora")
    }
    if let magnitudeOnly, !usesDoRA {
      throw ConfigurationError(
        "magnitude_only_modules", value: magnitudeOnly.json.serialized(), rule: "needs use_dora")
    }
    try initialization.validate(self)
    try trainableTokens?.validate("trainable_token_indices")
    if isActivated { try validateActivation() }
    if !targetParameters.isEmpty { try validateParameters() }
    if isPooled { try validatePooling() }
    try taskSpecific.validate()
    try targeting.validate()
  }

  /// No layer is so wide that a higher rank would mean anything.
  static let largestRank = 65_536

  /// What every low-rank method asks of its ranks and scales.
  static func requireBounds(
    _ rank: Int, _ alpha: WholeOrReal, _ ranks: LayerPattern<Int>, _ alphas: LayerPattern<WholeOrReal>
  ) throws {
    for (field, value) in [("r", rank)] + ranks.entries.map({ ("rank_pattern[\($0.0)]", $0.1) }) {
      guard value > 0 else { throw ConfigurationError(field, value: value, rule: "must be at least 1") }
      guard value <= largestRank else {
        throw ConfigurationError(field, value: value, rule: "must be at most \(largestRank)")
      }
    }
    for (field, value) in [("lora_alpha", alpha)] + alphas.entries.map({ ("alpha_pattern[\($0.0)]", $0.1) })
    where !value.value.isFinite {
      throw ConfigurationError(field, value: value.value, rule: "must be a finite number")
    }
  }

  public var ensuresWeightTying: Bool { taskSpecific["ensure_weight_tying"].boolValue == true }

  public func supports(_ kind: LayerKind) -> Bool {
    switch kind {
    case .linear, .transposedLinear: true
    case .convolution: !isActivated && !isPooled
    case .embedding: !hasBias && !isActivated && !isPooled
    case .norm, .parameter: false
    }
  }

  public var targetParameters: [String] { parameterNames ?? [] }

  /// A parameter has no input that could be dropped, no bias and no rows of its own.
  private func validateParameters() throws {
    func refuse(_ holds: Bool, _ field: String, _ value: Any) throws {
      guard !holds else {
        throw ConfigurationError(field, value: value, rule: "cannot be combined with target_parameters")
      }
    }
    try refuse(dropout > 0, "lora_dropout", dropout)
    try refuse(usesDoRA, "use_dora", true)
    try refuse(hasBias, "lora_bias", true)
    try refuse(isActivated, "alora_invocation_tokens", invocationTokens ?? [])
  }

  public func rank(for name: String) throws -> Int { try rankPattern.value(for: name) ?? rank }

  func alpha(for name: String) throws -> WholeOrReal { try alphaPattern.value(for: name) ?? alpha }

  public var furtherTargets: ModuleSelection? {
    get { magnitudeOnly }
    set { magnitudeOnly = newValue }
  }

  private func trainsMagnitudeAlone(_ layer: any AdaptableLayer) throws -> Bool {
    try magnitudeOnly?.matches(layer.name) ?? false
  }

  public func check(_ layer: any AdaptableLayer) throws {
    guard try !trainsMagnitudeAlone(layer) else {
      guard case .embedding = layer.kind else { return }
      throw ConfigurationError(
        "magnitude_only_modules", value: layer.name, rule: "must be linear layers or convolutions")
    }
    if isPooled { try checkPooling(layer) }
    try initialization.check(layer, rank: rank(for: layer.name))
  }

  /// s for the layer at path `name`.
  public func scaling(for name: String) throws -> Double {
    let rank = Double(try rank(for: name))
    return try alpha(for: name).value / (usesRankStabilizedScaling ? rank.squareRoot() : rank)
  }

  public func unmatchedPatterns(_ adapted: [String]) throws -> [String] {
    try rankPattern.unmatched(adapted) + alphaPattern.unmatched(adapted)
  }

  public func makeAdapter(for layer: any AdaptableLayer, context: InjectionContext) throws -> any LayerAdapter
  {
    if try trainsMagnitudeAlone(layer) { return try DoRAMagnitude(layer, bias: bias) }
    // The output projection of a fused attention is adapted as the attention is.
    let attention = context.inner[ObjectIdentifier(layer)]
    let name = attention ?? layer.name
    let rank = try rank(for: name)
    let scale = try scaling(for: name) * (attention == nil || usesDoRA ? 1 : FusedOutput.count)
    if case .embedding(let entries, let size) = layer.kind {
      return try usesDoRA
        ? DoRAEmbedding(entries: entries, size: size, rank: rank, scale: scale, self, layer, context)
        : LoRAEmbedding(entries: entries, size: size, rank: rank, scale: scale, self, layer, context)
    }
    if layer.isParameter { return try LoRAParameter(layer, rank: rank, scale: scale, self, context) }
    if isPooled { return try QALoRALinear(layer, rank: rank, scale: scale, self, context) }
    if isActivated {
      return try ActivatedLoRA(layer, rank: rank, scale: scale, self, context)
    }
    return try usesDoRA
      ? DoRALinear(layer, rank: rank, scale: scale, self, context)
      : LoRALinear(layer, rank: rank, scale: scale, self, context)
  }
}

/// A number that may be whole, and is then written without a point.
public struct WholeOrReal: ConfigurationValue, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  Hashable
{
  public var value: Double

  public init(_ value: Double) { self.value = value }
  public init(integerLiteral value: Int) { self.value = Double(value) }
  public init(floatLiteral value: Double) { self.value = value }

  public init?(json: JSONValue) {
    guard let value = json.doubleValue else { return nil }
    self.value = value
  }
  public var json: JSONValue { Int(exactly: value).map(JSONValue.int) ?? .double(value) }
  public static var kind: String { "a number" }
}
