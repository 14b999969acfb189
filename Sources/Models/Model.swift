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
  /// Whether longer texts are beyond it.
  var limitsLength: Bool { get }

  /// Causal: [batch, tokens, vocabulary]; sequence to sequence: the same, of the decoder's tokens; sequence
  /// classification: [batch, labels]; token classification: [batch, tokens, labels]; question answering:
  /// [batch, tokens, 2], beginning and end; masked language modelling: [batch, tokens, vocabulary]; feature extraction:
  /// [batch, tokens, d]; image classification: [batch, labels].
  func logits(_ input: ModelInput) throws -> Tensor
}

extension Model {
  public var limitsLength: Bool { true }
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
  /// Whether texts may lie end to end in one row at no more cost than in rows of their own.
  var laysTextsEndToEnd: Bool { get }
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
  public var laysTextsEndToEnd: Bool { false }

  /// Hidden states [..., d] to logits [..., vocabulary].
  public func head(_ hidden: Tensor) throws -> Tensor { try logitShape(outputEmbedding(hidden)) }

  public func logits(_ input: ModelInput) throws -> Tensor { try head(hiddenStates(input, cache: nil)) }

  public func nextTokenLoss(_ input: ModelInput, labels: Tensor) throws -> (sum: Tensor, count: Int) {
    let (states, labels) = try input.foretelling(labels) { try hiddenStates($0, cache: nil) }
    return try NN.nextTokenLoss(states, labels: labels, head: outputEmbedding, shape: logitShape)
  }
}

extension ModelInput {
  /// The hidden states that `pass` gives, each of which tells the next token, and the labels beside them.
  ///
  /// Behind a soft prompt that stands as text, a text's first token counts too, as in Hugging Face PEFT: the state of the
  /// prompt's last token comes first, and for each of several texts in a row in place of what stands before it.
  func foretelling(
    _ labels: Tensor, _ pass: (ModelInput) throws -> Tensor
  ) throws -> (states: Tensor, labels: Tensor) {
    var input = self
    input.keepsPromptEnd = true
    var states = try pass(input)
    guard states.shape[1] > labels.shape[1] else { return (states, labels) }
    if let positions {
      let isFirst = try positions.equal(0).expanded(labels.shape).padded([0, 1]).unsqueezed(-1)
      states = try states.slice(1, 0..<1).selected(where: isFirst, otherwise: states)
    }
    return (states, try labels.padded([1, 0], value: -100))
  }
}

/// A model that names hidden words.
public protocol MaskedLanguageModel: TextEncoder {
  /// Hidden states [..., d] to logits [..., vocabulary].
  func head(_ hidden: Tensor) throws -> Tensor
}

extension MaskedLanguageModel {
  public func logits(_ input: ModelInput) throws -> Tensor { try head(hiddenStates(input)) }

  /// The summed cross entropy of the words that count, and how many do.
  ///
  /// - Parameter labels: int64 [batch, tokens]; -100 does not count. Only those that do are looked up.
  public func maskedLoss(_ input: ModelInput, labels: Tensor) throws -> (sum: Tensor, count: Int) {
    let hidden = try hiddenStates(input)
    let counts = try labels.notEqual(-100)
    let targets = try labels.indexed([counts])
    let count = targets.count
    let logits = try head(hidden.indexed([counts])).to(dtype: .float32)
    return (try logits.crossEntropy(targets, reduction: .sum), count)
  }
}

/// A model in which every token sees all others, whose hidden states stand for the text.
public protocol TextEncoder: Model {
  /// [batch, tokens, d], of the last layer.
  func hiddenStates(_ input: ModelInput) throws -> Tensor
}

/// A model that reads one text and writes another.
public protocol SequenceToSequenceModel: Model {
  /// A cache for the decoder's layers, empty.
  func makeCache() -> EncoderDecoderCache
  /// The source [batch, tokens] as the decoder reads it.
  func encode(_ input: ModelInput) throws -> EncodedText
  /// [batch, tokens, d] of the decoder's tokens int64 [batch, tokens], as the head takes them. With a cache, they follow
  /// what it holds.
  func hiddenStates(_ ids: Tensor, reading source: EncodedText, cache: EncoderDecoderCache?) throws -> Tensor
  /// Hidden states [..., d] to logits [..., vocabulary].
  func head(_ hidden: Tensor) throws -> Tensor
  /// What the decoder is given to predict `labels` int64 [batch, tokens], in which -100 does not count.
  func decoderInputs(for labels: Tensor) throws -> Tensor
  /// The token that a text begins with.
  var startID: Int { get }
  /// Whether hidden states are scaled before the head (`scale_decoder_outputs` of T5).
  var scalesOutput: Bool { get }
  var outputEmbedding: Linear { get }
  /// The summed cross entropy of `labels`, and how many count.
  func targetLoss(_ input: ModelInput, labels: Tensor) throws -> (sum: Tensor, count: Int)
}

extension SequenceToSequenceModel {
  public func logits(_ input: ModelInput) throws -> Tensor {
    let ids = try input.decoderIDs ?? decoderInputs(for: input.ids)
    return try head(hiddenStates(ids, reading: encode(input), cache: nil))
  }
}
