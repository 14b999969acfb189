import Configuration
import NN
import Torch

/// A method that learns what stands before every text, and adapts no layer.
///
/// It is added, activated, trained and saved like any other; beside it adapters in layers may be active. It cannot be
/// merged, since no weight holds what it learns.
public protocol PromptMethod: AdapterMethod {
  var common: PromptFields { get set }
  /// Sets what is left open and the model decides.
  ///
  /// - Throws: ``AdapterError`` when the prompt is of another model's shape.
  mutating func settle(for shape: PromptShape) throws
  /// The network that makes the prompt in training; nil when the prompt itself is learned.
  func makeEncoder(on device: Device, mode: Mode, context: InjectionContext) throws -> PromptEncoder?
  /// The first values [tokens, width] of a prompt that is learned itself.
  func makeTable(in slot: PromptSlot, context: InjectionContext) throws -> Tensor
  /// How a model reads the prompt.
  var reading: LearnedPrompt.Reading { get }
}

extension PromptMethod {
  public var targeting: Targeting {
    get { common.targeting }
    set { common.targeting = newValue }
  }

  public func supports(_ kind: LayerKind) -> Bool { false }

  public func makeAdapter(for layer: any AdaptableLayer, context: InjectionContext) throws -> any LayerAdapter
  {
    throw AdapterError("\(Self.peftType) adapts no layer, '\(layer.name)' neither: leave out target_modules")
  }

  public func makeEncoder(on device: Device, mode: Mode, context: InjectionContext) throws -> PromptEncoder? {
    nil
  }

  /// A prompt with initial values for the model of `slot`.
  func makePrompt(in slot: PromptSlot, context: InjectionContext) throws -> LearnedPrompt {
    let device = slot.embedding.weight.device
    if !common.isEncoded, let encoder = try makeEncoder(on: device, mode: slot.mode, context: context) {
      return LearnedPrompt(.network(encoder), length: common.virtualTokens, reading)
    }
    let table = try makeTable(in: slot, context: context).to(dtype: .float32, device: device)
    return LearnedPrompt(
      .table(AdapterParameter("prompt_embeddings", table)), length: common.virtualTokens, reading)
  }
}

/// What every prompt method has: Hugging Face PEFT's `PromptLearningConfig`.
public struct PromptFields: Configuration {
  public var virtualTokens = 20
  /// The width of a token's vector; the model's when it is nil, as the next two.
  public var tokenSize: Int?
  public var heads: Int?
  public var layers: Int?
  /// The number of parts of the model that get a prompt each.
  public var parts: Int?
  var targeting = Targeting()
  /// Whether the prompt itself is held, rather than a network that makes it: so Hugging Face PEFT saves every prompt.
  public var isEncoded = false

  public init() {}

  public static let fields: [Field<PromptFields>] = [
    Field("num_virtual_tokens", \.virtualTokens, "tokens that are learned"),
    Field("token_dim", \.tokenSize, "size of a token; the model's when null"),
    Field(
      "num_transformer_submodules", \.parts, "parts of the model with a prompt each; 2 for encoder-decoders"),
    Field("num_attention_heads", \.heads, "heads; the model's when null"),
    Field("num_layers", \.layers, "layers; the model's when null"),
    Field("modules_to_save", \.targeting.modulesToSave, "modules trained whole and saved with the prompt"),
  ]

  public func validate() throws {
    guard (1...1_000_000).contains(virtualTokens) else {
      throw ConfigurationError("num_virtual_tokens", value: virtualTokens, rule: "must be from 1 to 1000000")
    }
    if let parts, !(1...2).contains(parts) {
      throw ConfigurationError(
        "num_transformer_submodules", value: parts, rule: "must be 1, or 2 for an encoder-decoder")
    }
  }

  /// Takes the model's sizes where none are set.
  ///
  /// - Throws: ``AdapterError`` where others are.
  mutating func settle(tokenSize: Int, heads: Int, layers: Int, parts: Int) throws {
    func settled(_ key: String, _ own: Int?, _ model: Int) throws -> Int {
      guard own == nil || own == model else {
        throw AdapterError(
          "the prompt is for another base, \(key) is \(own ?? 0), the model's \(model): use its own base model"
        )
      }
      return model
    }
    self.tokenSize = try settled("token_dim", self.tokenSize, tokenSize)
    self.layers = try settled("num_layers", self.layers, layers)
    self.heads = self.heads ?? heads
    guard self.parts ?? parts <= parts else {
      throw AdapterError(
        "num_transformer_submodules is \(self.parts ?? parts), but the model has one part: use its own base model"
      )
    }
    self.parts = self.parts ?? parts
  }

  /// The rows of the table: each part has its own, although an encoder-decoder reads only the first.
  var rows: Int { virtualTokens * (parts ?? 1) }
}
