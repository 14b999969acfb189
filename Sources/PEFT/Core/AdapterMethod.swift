import Configuration
import JSON
import NN
import Torch

/// A fine-tuning method that adapts layers: its configuration, and the adapter that it makes for a layer.
///
/// A method is one file with a value of this kind, its test, and a line of ``MethodRegistry``.
public protocol AdapterMethod: Configuration {
  /// The `peft_type` in adapter_config.json.
  static var peftType: String { get }
  var targeting: Targeting { get set }
  /// Modules that are adapted beside those of ``targeting``; nil for none.
  var furtherTargets: ModuleSelection? { get set }
  /// Sets what is left open and the model decides: which modules are meant, above all.
  ///
  /// - Throws: ``AdapterError`` when the model has nothing for this method.
  mutating func settle(for traits: ModelTraits, layers: [any AdaptableLayer]) throws
  /// Whether layers of this kind can be adapted.
  func supports(_ kind: LayerKind) -> Bool
  /// An adapter for `layer`, with initial values.
  func makeAdapter(for layer: any AdaptableLayer, context: InjectionContext) throws -> any LayerAdapter
  /// Checks, before anything is made, that an adapter with these fields can be made for `layer`.
  ///
  /// - Throws: `ConfigurationError` naming the field and the layer.
  func check(_ layer: any AdaptableLayer) throws
  /// The bias that is trained beside the adapters.
  var bias: BiasTraining { get }
  /// Whether modules that share a weight go on sharing it when they are trained whole.
  var ensuresWeightTying: Bool { get }
  /// Tokens whose embeddings are trained beside the adapters.
  var trainableTokens: TokenSelection? { get }
  /// Names of parameters to adapt, beside modules.
  var targetParameters: [String] { get }
  /// Ranges of layers that the model is to be built from, for adapters of deeper models.
  var layerReplication: [[Int]]? { get }
  /// What training with these adapters needs besides their parameters.
  func makeHook(for adapters: [(layer: String, adapter: any LayerAdapter)]) throws -> (any TrainingHook)?
  /// Keys that Hugging Face PEFT does not know; they are left out of files while they have their defaults.
  static var ownKeys: [String] { get }
  /// Keys of patterns that match none of the adapted layers, to be warned about.
  func unmatchedPatterns(_ adapted: [String]) throws -> [String]
}

extension AdapterMethod {
  public mutating func settle(for traits: ModelTraits, layers: [any AdaptableLayer]) throws {
    targeting.modules = targeting.modules ?? traits.usualTargets.map(ModuleSelection.names)
  }
  public var furtherTargets: ModuleSelection? {
    get { nil }
    set {}
  }
  public func check(_ layer: any AdaptableLayer) throws {}
  public var bias: BiasTraining { .none }
  public func unmatchedPatterns(_ adapted: [String]) throws -> [String] { [] }
  public func makeHook(for adapters: [(layer: String, adapter: any LayerAdapter)]) throws -> (
    any TrainingHook
  )? { nil }
  public static var ownKeys: [String] { [] }
  public var ensuresWeightTying: Bool { false }
  public var trainableTokens: TokenSelection? { nil }
  public var layerReplication: [[Int]]? { nil }
  public var targetParameters: [String] { [] }
}

/// A training hook that has a say in what is saved.
protocol AdapterSaving {
  /// The configuration and tensors (by full key) to write instead.
  func prepare(_ method: any AdapterMethod, _ tensors: [String: Tensor]) throws -> (
    any AdapterMethod, [String: Tensor]
  )
}

/// Which biases of the base are trained.
public enum BiasTraining: String, CaseIterable, ConfigurationValue {
  case none
  case all
  case loraOnly = "lora_only"
}

/// What a method may use while it makes adapters.
public struct InjectionContext {
  /// Whether values come from a file right after, so that drawing them is wasted.
  public let isLoading: Bool
  public let generator: Generator
  /// Adapted layers that lie inside the module of another, which they have rank and alpha from, by its path.
  var inner: [ObjectIdentifier: String] = [:]
  /// Whether the adapter comes from a folder, if perhaps not all of it.
  var isFromFile = false
  /// Whether the folder has the factors that the adapter started from.
  var hasStart = false
  /// A quantized weight as it was before it was rounded; nil where nobody has it.
  var original: (any QuantizedWeight) throws -> Tensor? = { _ in nil }
  /// Initial factors that calibration found, by layer.
  var factors: [String: InitialFactors] = [:]
}
