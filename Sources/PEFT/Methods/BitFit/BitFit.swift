import Configuration
import NN

/// BitFit: only biases are trained, all of them unless modules are named.
///
/// Source: Ben Zaken, Ravfogel and Goldberg 2022, "BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based
/// Masked Language-models". Hugging Face PEFT has no method of this kind; the file is ours: `peft_type` is `BITFIT`, and
/// `base_model.model.PATH.bias` is the trained bias of the layer at PATH, as PEFT names it beside LoRA.
public struct BitFit: AdapterMethod {
  public static let peftType = "BITFIT"

  public var targeting = Targeting()

  public init() {}

  public static let fields: [Field<BitFit>] = [
    Field("target_modules", \.targeting.modules, "names, or a regular expression; null for all with a bias"),
    Field("exclude_modules", \.targeting.excluded, "modules whose biases stay"),
    Field("modules_to_save", \.targeting.modulesToSave, "modules trained whole and saved"),
    Field("layers_to_transform", \.targeting.layersField, "indices of the layers to train"),
    Field("layers_pattern", \.targeting.layersPatternField, "the list that holds the layers"),
  ]

  public func validate() throws { try targeting.validate() }

  public func supports(_ kind: LayerKind) -> Bool { true }

  public mutating func settle(for traits: ModelTraits, layers: [any AdaptableLayer]) throws {
    guard targeting.modules == nil else { return }
    let biased = layers.filter { $0.bias != nil }
    guard !biased.isEmpty else {
      throw AdapterError("no layer of the model has a bias to train: choose ln-tuning or another method")
    }
    targeting.modules = TargetFinder(layers: layers, traits: traits).names(of: biased)
  }

  public func makeAdapter(for layer: any AdaptableLayer, context: InjectionContext) throws -> any LayerAdapter
  {
    guard let bias = layer.bias else {
      throw AdapterError("'\(layer.name)' has no bias to train: leave it out of target_modules")
    }
    return try TrainedBias(bias)
  }
}
