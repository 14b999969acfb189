import Configuration
import NN
import Torch

/// P-tuning: vectors of virtual tokens before the embedded text, made by a small network in training.
///
/// Source: Liu et al. 2021, "GPT Understands, Too", section 3.2; fields, defaults and files as Hugging Face PEFT's
/// `PromptEncoderConfig`.
public struct PTuning: PromptMethod {
  public static let peftType = "P_TUNING"

  public enum Network: String, CaseIterable, ConfigurationValue {
    case mlp = "MLP"
    case lstm = "LSTM"
  }

  public var common = PromptFields()
  public var network = Network.mlp
  /// Nil for the token's size.
  public var hiddenSize: Int?
  /// Of the LSTM; an MLP has two hidden ones.
  public var layers = 2
  /// Between layers of the LSTM.
  public var dropout = 0.0

  public init() {}

  public static let fields: [Field<PTuning>] =
    PromptFields.fields.map { $0.lifted(to: \PTuning.common) } + [
      Field("encoder_reparameterization_type", \.network, "the network that makes the tokens"),
      Field("encoder_hidden_size", \.hiddenSize, "its size; the token's when null"),
      Field("encoder_num_layers", \.layers, "layers of an LSTM; an MLP has two hidden ones"),
      Field("encoder_dropout", \.dropout, "dropout between layers of an LSTM"),
    ]

  public func validate() throws {
    try common.validate()
    if let hiddenSize, !(1...Int(Int32.max)).contains(hiddenSize) {
      throw ConfigurationError("encoder_hidden_size", value: hiddenSize, rule: "must be at least 1")
    }
    guard (1...64).contains(layers) else {
      throw ConfigurationError("encoder_num_layers", value: layers, rule: "must be from 1 to 64")
    }
    guard (0..<1).contains(dropout) else {
      throw ConfigurationError("encoder_dropout", value: dropout, rule: "must be at least 0 and below 1")
    }
  }

  public mutating func settle(for shape: PromptShape) throws {
    // Files for encoder-decoders count the encoder's layers, which these prompts have nothing to do with.
    let layers = shape.parts > 1 ? common.layers ?? shape.layers : shape.layers
    try common.settle(
      tokenSize: shape.hiddenSize, heads: shape.heads, layers: layers, parts: shape.parts)
    hiddenSize = hiddenSize ?? shape.hiddenSize
  }

  public var reading: LearnedPrompt.Reading { .embeddings }

  public func makeTable(in slot: PromptSlot, context: InjectionContext) throws -> Tensor {
    try .zeros([common.rows, slot.shape.hiddenSize])
  }

  public func makeEncoder(on device: Device, mode: Mode, context: InjectionContext) throws -> PromptEncoder? {
    guard let width = common.tokenSize, let hiddenSize else { return nil }
    let isRecurrent = network == .lstm
    return try PromptEncoder(
      tokens: common.rows, width: width,
      recurrence: isRecurrent
        ? PromptEncoder.Recurrence(hiddenSize: hiddenSize, layers: layers, dropout: dropout) : nil,
      sizes: isRecurrent ? [2 * hiddenSize, 2 * hiddenSize, width] : [width, hiddenSize, hiddenSize, width],
      name: "mlp_head", activation: .relu, on: device, mode: mode, generator: context.generator)
  }
}
