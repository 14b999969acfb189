import NN
import Torch

/// What heads need of a decoder's body: the hidden states of texts, which may follow what a cache holds.
protocol DecoderBody: AnyObject {
  /// The table of tokens.
  var embedding: Embedding { get }
  var layerCount: Int { get }
  /// Whether texts may lie end to end in one row at no more cost than in rows of their own.
  var laysTextsEndToEnd: Bool { get }
  /// The number of tokens that a text may have beside what stands before it.
  var contextLength: Int { get }
  func embed(_ ids: Tensor) throws -> Tensor
  func callAsFunction(_ input: ModelInput, cache: KeyValueCache?) throws -> Tensor
  /// - Parameter observe: is given the routers' logits of layers with experts, in their order.
  func callAsFunction(
    _ input: ModelInput, cache: KeyValueCache?, observe: ([Tensor]) -> Void
  ) throws -> Tensor
}

extension DecoderBody {
  func callAsFunction(
    _ input: ModelInput, cache: KeyValueCache?, observe: ([Tensor]) -> Void
  ) throws -> Tensor {
    try self(input, cache: cache)
  }
}

/// A configuration that a body is built from, and what heads go by.
protocol DecoderDesign: Sendable {
  var vocabularySize: Int { get }
  /// The size of the hidden states that the body gives.
  var outputSize: Int { get }
  /// Whether the output embedding is the input embedding.
  var tiesEmbeddings: Bool { get }
  /// Whether the output embedding has a bias.
  var headBias: Bool { get }
  /// The standard deviation of weights that no checkpoint has.
  var initializerRange: Double { get }
  /// The full name of the table of tokens.
  var tableName: String { get }
  /// What a new task calls the layer that classifies tokens, and the dropout in front of it; nil for the usual one.
  var tokenClassifier: (name: String, dropout: Double?) { get }
  /// What becomes of the output embedding's logits.
  var logits: LogitShape { get }
  /// The experts of layers that have them; nil for none.
  var mixture: MixtureConfiguration? { get }
  /// - Parameter tableAliases: full names under which a checkpoint may keep the table of tokens instead.
  func makeBody(in store: VariableStore, tableAliases: [String]) throws -> any DecoderBody
  /// Layers that are stacked keep their kind only if config.json lists the kind of each.
  ///
  /// - Throws: ``ModelError`` when it does not, and they differ.
  func checkStacking(_ config: ModelConfiguration) throws
}

extension DecoderDesign {
  var logits: LogitShape { LogitShape() }
  var mixture: MixtureConfiguration? { nil }
  func checkStacking(_ config: ModelConfiguration) throws {}
}

extension Embedding {
  /// The rows of token ids, which come from outside.
  ///
  /// - Throws: ``ModelError`` for an id that the table does not have.
  func rows(ofTokens ids: Tensor) throws -> Tensor {
    let (low, high): (Int, Int) = (try ids.min().item(), try ids.max().item())
    let entries = weight.shape.first ?? 0
    guard low >= 0, high < entries else {
      throw ModelError(
        "token id \(low < 0 ? low : high), in the input: the model has ids from 0 to \(entries - 1); "
          + "use its own tokenizer")
    }
    return try self(ids)
  }
}
