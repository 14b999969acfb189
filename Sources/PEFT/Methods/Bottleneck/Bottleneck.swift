import Configuration
import JSON
import NN

/// Bottleneck adapters: y + s up(f(down(y))) after a layer, or y + s up(f(down(x))) beside it.
///
/// Houlsby et al. put one after attention and one after the feed-forward network, Pfeiffer et al. the latter alone; the
/// adapter stands on the last projection of either, whose output is that of the whole part. Source: Houlsby et al. 2019,
/// "Parameter-Efficient Transfer Learning for NLP", section 2.1; Pfeiffer et al. 2021, "AdapterFusion", section 3; the
/// parallel form: He et al. 2022, "Towards a Unified View of Parameter-Efficient Transfer Learning", section 3.3, here
/// beside the targeted layer itself, whose input it reads.
///
/// Hugging Face PEFT has no method of this kind; the file is ours: `peft_type` is `BOTTLENECK`, and the layer at PATH has
/// `base_model.model.PATH.bottleneck_down.weight` [m, d], `.bottleneck_down.bias` [m], `.bottleneck_up.weight` [d, m] and
/// `.bottleneck_up.bias` [d].
public struct Bottleneck: AdapterMethod {
  public static let peftType = "BOTTLENECK"

  /// Which layers get one when none are named.
  public enum Placement: String, CaseIterable, ConfigurationValue {
    case houlsby
    case pfeiffer
  }

  public enum Start: String, CaseIterable, ConfigurationValue {
    /// down is random and up zero: exactly the identity.
    case identity
    /// Both random and small, as in Houlsby et al.
    case nearIdentity = "near_identity"
  }

  public var targeting = Targeting()
  public var placement = Placement.houlsby
  /// The size between; nil to divide by the factor.
  public var size: Int?
  public var reductionFactor = WholeOrReal(16)
  public var activation = Activation.relu
  public var scaling = WholeOrReal(1)
  public var dropout = 0.0
  public var isParallel = false
  public var start = Start.identity
  public var sigma = 0.01

  public init() {}

  public static let fields: [Field<Bottleneck>] = [
    Field("placement", \.placement, "after attention and feed-forward, or the latter alone"),
    Field("bottleneck_size", \.size, "the size between; null to divide the layer's by reduction_factor"),
    Field("reduction_factor", \.reductionFactor, "how many times smaller than the layer"),
    Field("non_linearity", \.activation, "the function between"),
    Field("scaling", \.scaling, "what the adapter's output is multiplied by"),
    Field("dropout", \.dropout, "dropout of the adapter's input"),
    Field("parallel", \.isParallel, "read the layer's input rather than its output"),
    Field("init_bottleneck_weights", \.start, "how down and up start"),
    Field("init_sigma", \.sigma, "standard deviation of random weights at the start"),
    Field("target_modules", \.targeting.modules, "names, or a regular expression; null for the placement's"),
    Field("exclude_modules", \.targeting.excluded, "modules that are never adapted"),
    Field("modules_to_save", \.targeting.modulesToSave, "modules trained whole and saved with the adapter"),
    Field("layers_to_transform", \.targeting.layersField, "indices of the layers to adapt"),
    Field("layers_pattern", \.targeting.layersPatternField, "the list that holds the layers"),
  ]

  public func validate() throws {
    if let size, size < 1 {
      throw ConfigurationError("bottleneck_size", value: size, rule: "must be at least 1")
    }
    guard reductionFactor.value > 0, reductionFactor.value.isFinite else {
      throw ConfigurationError("reduction_factor", value: reductionFactor.value, rule: "must be above 0")
    }
    guard (0..<1).contains(dropout) else {
      throw ConfigurationError("dropout", value: dropout, rule: "must be at least 0 and below 1")
    }
    guard sigma >= 0, sigma.isFinite else {
      throw ConfigurationError("init_sigma", value: sigma, rule: "must not be negative")
    }
    try targeting.validate()
  }

  public func supports(_ kind: LayerKind) -> Bool {
    switch kind {
    case .linear, .transposedLinear, .norm: true
    case .embedding: !isParallel
    case .convolution, .parameter: false
    }
  }

  public mutating func settle(for traits: ModelTraits, layers: [any AdaptableLayer]) throws {
    guard targeting.modules == nil, let usual = Self.usualTargets(of: traits.modelType) else { return }
    targeting.modules = placement == .houlsby ? usual.houlsby : usual.pfeiffer
  }

  public func makeAdapter(for layer: any AdaptableLayer, context: InjectionContext) throws -> any LayerAdapter
  {
    try BottleneckLayer(layer, self, context)
  }

  /// The size between, for a layer with `width` features.
  func size(for width: Int) -> Int {
    size ?? max(1, Int(exactly: (Double(width) / reductionFactor.value).rounded(.down)) ?? 1)
  }

  /// The last projections of attention and of the feed-forward network, in either placement.
  private static func usualTargets(of modelType: String) -> (
    houlsby: ModuleSelection, pfeiffer: ModuleSelection
  )? {
    switch modelType {
    case "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "gemma3_text", "phi3", "olmo",
      "olmo2", "olmo3", "stablelm", "granite", "cohere", "cohere2", "smollm3":
      last("o_proj", "down_proj")
    case "phi": last("self_attn.dense", "fc2")
    case "opt", "bart": last("out_proj", "fc2")
    case "starcoder2": last("o_proj", "mlp.c_proj")
    case "baichuan": last("o_proj", "down_proj")
    case "gpt2", "gpt_bigcode": last("attn.c_proj", "mlp.c_proj")
    case "gptj", "codegen": last("out_proj", "fc_out")
    case "gpt_neox": last("attention.dense", "dense_4h_to_h")
    case "bloom", "falcon", "RefinedWeb", "RefinedWebModel": last("self_attention.dense", "dense_4h_to_h")
    case "distilbert": last("out_lin", "ffn.lin2")
    case "t5", "mt5": last("o", "wo")
    // Both projections are called output.dense here; that of attention lies in a module of that name.
    case "bert", "roberta", "xlm-roberta", "electra", "deberta", "deberta-v2":
      (.names(["output.dense"]), .pattern(#".*\.\d+\.output\.dense"#))
    default: nil
    }
  }

  private static func last(_ attention: String, _ feedForward: String) -> (
    houlsby: ModuleSelection, pfeiffer: ModuleSelection
  ) {
    (.names([attention, feedForward]), .names([feedForward]))
  }
}
