import NN
import Torch

/// An encoder that classifies every token.
final class EncoderForTokenClassification: TextEncoder {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.tokenClassification
  let outputEmbeddingName: String? = nil
  let headNames = ["classifier"]
  private let body: Encoder
  private let classifier: Linear

  init(
    _ configuration: ModelConfiguration, _ encoder: EncoderConfiguration, prefix: String,
    _ store: VariableStore
  ) throws {
    (self.configuration, self.store) = (configuration, store)
    body = try Encoder(store.root / prefix, encoder)
    classifier = try Linear(
      store.root / "classifier", in: encoder.hiddenSize, out: configuration.labels.count, bias: true,
      initial: .normal(std: encoder.initializerRange))
  }

  var contextLength: Int { body.configuration.contextLength }

  func hiddenStates(_ input: ModelInput) throws -> Tensor { try body(input) }

  /// [batch, tokens, labels].
  func logits(_ input: ModelInput) throws -> Tensor {
    try classifier(store.mode.dropped(body(input), body.configuration.classifierDropout.tokens))
  }
}
