import Configuration
import NN
import Torch

/// Prefix tuning: keys and values of virtual tokens in every layer, learned themselves or through a small network.
///
/// Source: Li and Liang 2021, "Prefix-Tuning: Optimizing Continuous Prompts for Generation", section 4; fields, defaults
/// and files as Hugging Face PEFT's `PrefixTuningConfig`.
public struct PrefixTuning: PromptMethod {
  public static let peftType = "PREFIX_TUNING"

  public enum Start: String, CaseIterable, ConfigurationValue {
    case zero
  }

  public var common = PromptFields()
  /// Whether a network makes the keys and values in training.
  public var projects = false
  /// Of that network; nil for the token's size.
  public var hiddenSize: Int?
  /// Nil for random.
  public var start: Start?

  public init() {}

  public static let fields: [Field<PrefixTuning>] =
    PromptFields.fields.map { $0.lifted(to: \PrefixTuning.common) } + [
      Field("encoder_hidden_size", \.hiddenSize, "size of the network; the token's when null"),
      Field("prefix_projection", \.projects, "whether a network makes the keys and values in training"),
      Field("init_weights", \.start, "zero to start with keys and values of zero; random when null"),
    ]

  public func validate() throws {
    try common.validate()
    if let hiddenSize, !(1...Int(Int32.max)).contains(hiddenSize) {
      throw ConfigurationError("encoder_hidden_size", value: hiddenSize, rule: "must be at least 1")
    }
  }

  /// A token is as wide as the keys of a layer.
  public mutating func settle(for shape: PromptShape) throws {
    let width = shape.keyValueHeads * shape.headSize
    // Hugging Face PEFT corrects the number of heads for shared ones; a file has the corrected one.
    common.heads = shape.keyValueHeads
    try common.settle(
      tokenSize: width, heads: shape.keyValueHeads, layers: shape.layers, parts: shape.parts)
    guard common.parts == shape.parts else {
      throw AdapterError(
        "num_transformer_submodules is \(common.parts ?? 1), for a prefix of a model of \(shape.parts) parts: "
          + "leave it out")
    }
    hiddenSize = hiddenSize ?? width
  }

  public var reading: LearnedPrompt.Reading {
    .keysAndValues(layers: common.layers ?? 0, heads: common.heads ?? 1, parts: common.parts ?? 1)
  }

  public func makeTable(in slot: PromptSlot, context: InjectionContext) throws -> Tensor {
    let initial: Initializer = start == .zero || context.isLoading ? .zeros : .normal(std: 1)
    return try initial.tensor(
      [common.virtualTokens, 2 * (common.layers ?? 0) * (common.tokenSize ?? 0)], generator: context.generator
    )
  }

  public func makeEncoder(on device: Device, mode: Mode, context: InjectionContext) throws -> PromptEncoder? {
    guard projects, let width = common.tokenSize, let layers = common.layers, let hiddenSize else {
      return nil
    }
    let encoder = try PromptEncoder(
      tokens: common.virtualTokens, width: width, sizes: [width, hiddenSize, 2 * layers * width],
      name: "transform", activation: .tanh, on: device, mode: mode, generator: context.generator)
    if start == .zero {
      // The last layer alone: the others must learn once it has.
      for parameter in encoder.parameters.suffix(2) { _ = try parameter.tensor.zero_() }
    }
    return encoder
  }
}
