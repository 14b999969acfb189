import NN
import Torch

/// An encoder that classifies a whole text, or a pair of texts, by its first token.
final class EncoderForSequenceClassification: TextEncoder {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.sequenceClassification
  let outputEmbeddingName: String? = nil
  let headNames: [String]
  private let body: Encoder
  private let pooler, output: Linear

  init(
    _ configuration: ModelConfiguration, _ encoder: EncoderConfiguration, prefix: String,
    _ store: VariableStore
  ) throws {
    (self.configuration, self.store) = (configuration, store)
    body = try Encoder(store.root / prefix, encoder)
    let (d, initial) = (encoder.hiddenSize, Initializer.normal(std: encoder.initializerRange))
    pooler = try Linear(store.root / encoder.pooler.name, in: d, out: d, bias: true, initial: initial)
    output = try Linear(
      store.root / encoder.pooler.output, in: d, out: configuration.labels.count, bias: true, initial: initial
    )
    // A pooler that the checkpoint lacks is as new as the head: it must be trained, and kept.
    let isNew = !store.hasCheckpointTensor("\(encoder.pooler.name).weight")
    let isBelow = encoder.pooler.heads.contains { encoder.pooler.name.hasPrefix($0) }
    headNames = encoder.pooler.heads + (isNew && !isBelow ? [encoder.pooler.name] : [])
  }

  var contextLength: Int { body.configuration.contextLength }

  func hiddenStates(_ input: ModelInput) throws -> Tensor { try body(input) }

  /// [batch, labels].
  func logits(_ input: ModelInput) throws -> Tensor {
    let (design, rate) = (body.configuration.pooler, body.configuration.classifierDropout.text)
    var first = try body.firstStates(input)
    if design.dropsInput { first = try store.mode.dropped(first, rate) }
    let pooled = try design.activation(pooler(first))
    return try output(store.mode.dropped(pooled, rate))
  }
}
