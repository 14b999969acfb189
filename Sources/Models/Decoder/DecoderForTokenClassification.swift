import NN
import Torch

/// A decoder that classifies every token.
final class DecoderForTokenClassification: Model {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.tokenClassification
  let outputEmbeddingName: String? = nil
  let headNames = ["score"]
  private let body: Decoder
  private let score: Linear
  private let dropout: Double

  init(_ configuration: ModelConfiguration, _ decoder: DecoderConfiguration, _ store: VariableStore) throws {
    (self.configuration, self.store) = (configuration, store)
    // A tied checkpoint may keep its only table under the other head's name.
    body = try Decoder(
      store.root / "model", decoder, tableAliases: decoder.tiesEmbeddings ? ["lm_head.weight"] : [])
    dropout =
      try configuration.optional("classifier_dropout") ?? configuration.optional("hidden_dropout") ?? 0.1
    guard (0..<1).contains(dropout) else {
      throw configuration.invalid("classifier_dropout", "must be from 0 to below 1")
    }
    score = try Linear(
      store.root / "score", in: decoder.hiddenSize, out: configuration.labels.count,
      bias: configuration.value("token_classification_bias", default: true),
      initial: .normal(std: decoder.initializerRange))
  }

  var contextLength: Int { body.configuration.contextLength }

  func logits(_ input: ModelInput) throws -> Tensor {
    let hidden = try body(input)
    return try score(store.mode.isTraining ? hidden.dropout(dropout) : hidden)
  }
}
