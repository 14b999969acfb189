import Torch

/// Learned tokens that stand before every text: all that a model needs to know of them.
public protocol SoftPrompt: AnyObject {
  /// The number of tokens.
  var length: Int { get }
  /// Whether it stands before a text as more of it, so that its last token tells the text's first.
  var isText: Bool { get }
  /// Its tensors, in a fixed order.
  var parameters: [AdapterParameter] { get }
  /// What stands before the text now, to be differentiated through.
  func content() throws -> PromptContent
}

/// What a soft prompt gives a model.
public enum PromptContent {
  /// Vectors [tokens, d] in place of embedded tokens.
  case embeddings(Tensor)
  /// For each layer, keys and values [heads, tokens, d] as attention reads them.
  case keysAndValues([(key: Tensor, value: Tensor)])
}

/// The sizes that a soft prompt must fit.
public struct PromptShape: Hashable, Sendable {
  public let layers: Int
  /// Of the vectors that the first layer gets.
  public let hiddenSize: Int
  public let heads: Int
  /// Heads of keys and values, and the size of each.
  public let keyValueHeads, headSize: Int
  /// Parts of the model that read a text each: 2 for an encoder and a decoder.
  public let parts: Int

  public init(
    layers: Int, hiddenSize: Int, heads: Int, keyValueHeads: Int, headSize: Int, parts: Int = 1
  ) {
    (self.layers, self.hiddenSize, self.heads) = (layers, hiddenSize, heads)
    (self.keyValueHeads, self.headSize, self.parts) = (keyValueHeads, headSize, parts)
  }
}
