import NN
import Torch

/// A model of any family with the head for its task.
public protocol Model: AnyObject {
  var configuration: ModelConfiguration { get }
  /// The parameters and layers that it is made of.
  var store: VariableStore { get }
  var task: ModelTask { get }
  /// The layer that produces logits over the vocabulary, such as `lm_head`, if there is one.
  var outputEmbeddingName: String? { get }
  /// Layers that a new task adds to a pretrained model, such as `score`.
  var headNames: [String] { get }
  /// The number of tokens that the model was made for.
  var contextLength: Int { get }

  /// Causal: [batch, tokens, vocabulary]; sequence classification: [batch, labels]; token classification:
  /// [batch, tokens, labels].
  func logits(_ input: ModelInput) throws -> Tensor
}

/// A model that predicts the next token.
public protocol CausalLanguageModel: Model {
  /// A cache for this model's layers, empty.
  func makeCache() -> KeyValueCache
  /// The vectors of tokens [batch, tokens], as the first layer gets them.
  func embed(_ ids: Tensor) throws -> Tensor
  /// [batch, tokens, d], after the final normalization. With a cache, `input` is what follows what it holds.
  func hiddenStates(_ input: ModelInput, cache: KeyValueCache?) throws -> Tensor
  /// Hidden states [..., d] to logits [..., vocabulary].
  var outputEmbedding: Linear { get }
  /// What becomes of the output embedding's logits.
  var logitShape: LogitShape { get }
  /// Whether the training loss weighs how routers spread tokens, for which it must know which are real.
  var weighsRouting: Bool { get }
  /// The summed cross entropy of the next tokens, and how many count; see
  /// ``NN/nextTokenLoss(_:labels:head:shape:)``.
  ///
  /// - Parameter labels: int64 [batch, tokens]; -100 does not count.
  func nextTokenLoss(_ input: ModelInput, labels: Tensor) throws -> (sum: Tensor, count: Int)
}

extension CausalLanguageModel {
  public var logitShape: LogitShape { LogitShape() }
  public var weighsRouting: Bool { false }

  /// Hidden states [..., d] to logits [..., vocabulary].
  public func head(_ hidden: Tensor) throws -> Tensor { try logitShape(outputEmbedding(hidden)) }

  public func logits(_ input: ModelInput) throws -> Tensor { try head(hiddenStates(input, cache: nil)) }

  public func nextTokenLoss(_ input: ModelInput, labels: Tensor) throws -> (sum: Tensor, count: Int) {
    try NN.nextTokenLoss(
      hiddenStates(input, cache: nil), labels: labels, head: outputEmbedding, shape: logitShape)
  }
}

/// A model in which every token sees all others, whose hidden states stand for the text.
public protocol TextEncoder: Model {
  /// [batch, tokens, d], of the last layer.
  func hiddenStates(_ input: ModelInput) throws -> Tensor
}
