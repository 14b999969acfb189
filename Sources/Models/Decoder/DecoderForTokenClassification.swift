import NN
import Torch

/// A decoder that classifies every token.
final class DecoderForTokenClassification: Model {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.tokenClassification
  let outputEmbeddingName: String? = nil
  let headNames: [String]
  private let body: any DecoderBody
  private let score: Linear
  private let dropout: Double

  init(_ configuration: ModelConfiguration, _ decoder: some DecoderDesign, _ store: VariableStore) throws {
    (self.configuration, self.store) = (configuration, store)
    // A tied checkpoint may keep its only table under the other head's name.
    body = try decoder.makeBody(
      in: store, tableAliases: decoder.tiesEmbeddings ? ["lm_head.weight"] : [])
    let classifier = decoder.tokenClassifier
    headNames = [classifier.name]
    dropout =
      try classifier.dropout ?? configuration.optional("classifier_dropout") ?? configuration.optional(
        "hidden_dropout") ?? 0.1
    guard (0..<1).contains(dropout) else {
      throw configuration.invalid("classifier_dropout", "must be from 0 to below 1")
    }
    score = try Linear(
      store.root / classifier.name, in: decoder.outputSize, out: configuration.labels.count,
      bias: configuration.value("token_classification_bias", default: true),
      initial: .normal(std: decoder.initializerRange))
  }

  var contextLength: Int { body.contextLength }

  func logits(_ input: ModelInput) throws -> Tensor {
    let hidden = try body(input, cache: nil)
    return try score(store.mode.isTraining ? hidden.dropout(dropout) : hidden)
  }
}
