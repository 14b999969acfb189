import NN
import Torch

/// An encoder that classifies every token, or (with two classes) finds where an answer begins and ends.
///
/// Source of the second: Devlin et al. 2019, "BERT", section 4.2.
final class EncoderForTokenClassification: TextEncoder {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task: ModelTask
  let outputEmbeddingName: String? = nil
  let headNames: [String]
  private let body: any EncoderBody
  private let transform: HeadTransform?
  private let output: Linear
  private let dropout: Double

  /// - Parameter task: token classification or question answering.
  init(
    _ configuration: ModelConfiguration, _ design: EncoderDesign, prefix: String, task: ModelTask,
    _ store: VariableStore
  ) throws {
    (self.configuration, self.store, self.task) = (configuration, store, task)
    let (heads, findsAnswers) = (design.heads, task == .questionAnswering)
    body = try design.body(store.root / prefix)
    let pooler = heads.pooler.flatMap { $0.servesTokens ? $0 : nil }
    transform = try pooler.map { try HeadTransform(store.root, $0, heads) }
    let name = findsAnswers ? heads.answers : "classifier"
    output = try Linear(
      store.root / name, in: heads.hiddenSize, out: findsAnswers ? 2 : configuration.labels.count, bias: true,
      initial: .normal(std: heads.initializerRange))
    dropout = findsAnswers ? heads.answerDropout : heads.classifierDropout.tokens
    headNames = [name] + (pooler?.newParts(store, besides: []) ?? [])
  }

  var contextLength: Int { body.contextLength }
  var limitsLength: Bool { body.limitsLength }

  func hiddenStates(_ input: ModelInput) throws -> Tensor { try body(input) }

  /// [batch, tokens, labels]; for answers the last dimension is beginning and end.
  func logits(_ input: ModelInput) throws -> Tensor {
    let mode = store.mode
    // Whether an answer begins at a token is a question among all of a row, padding included, as in transformers.
    let keeps = mode.keepsPadding
    mode.keepsPadding = keeps || task == .questionAnswering
    defer { mode.keepsPadding = keeps }
    var hidden = try body(input)
    if let transform { hidden = try transform(hidden) }
    return try output(store.mode.dropped(hidden, dropout))
  }
}
