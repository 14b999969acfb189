import NN
import Torch

/// A decoder that classifies a whole text by its last token.
final class DecoderForSequenceClassification: Model {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.sequenceClassification
  let outputEmbeddingName: String? = nil
  let headNames = ["score"]
  private let body: any DecoderBody
  private let score: Linear
  private let paddingID: Int?

  init(_ configuration: ModelConfiguration, _ decoder: some DecoderDesign, _ store: VariableStore) throws {
    (self.configuration, self.store) = (configuration, store)
    // A tied checkpoint may keep its only table under the other head's name.
    body = try decoder.makeBody(
      in: store, tableAliases: decoder.tiesEmbeddings ? ["lm_head.weight"] : [])
    score = try Linear(
      store.root / "score", in: decoder.outputSize, out: configuration.labels.count,
      initial: .normal(std: decoder.initializerRange))
    paddingID = try configuration.optional("pad_token_id") ?? configuration.text.optional("pad_token_id")
  }

  var contextLength: Int { body.contextLength }

  /// [batch, labels], at the last token of each row that is real by the mask and is not `pad_token_id`.
  ///
  /// - Throws: ``ModelError`` for several rows of which nothing tells how long they are.
  func logits(_ input: ModelInput) throws -> Tensor {
    let hidden = try body(input, cache: nil)
    let last = try lastTokens(input)
    return try score(hidden.indexed([.arange(0, hidden.shape[0], device: hidden.device), last]))
  }

  /// The place of each row's last real token, int64 [batch].
  private func lastTokens(_ input: ModelInput) throws -> Tensor {
    let shape = input.ids.shape
    let places = try Tensor.arange(0, shape[1], device: input.ids.device)
    if let paddingID {
      return try (input.ids.notEqual(Double(paddingID)).to(dtype: .int64) * places).argmax(-1)
    }
    if let mask = input.attentionMask { return try (mask.to(dtype: .int64) * places).argmax(-1) }
    guard shape[0] == 1 else {
      throw ModelError(
        "a batch of \(shape[0]) texts, for a classifier without pad_token_id: add it to "
          + "\(configuration.path), or give an attention mask")
    }
    return try .full([1], Double(shape[1] - 1), dtype: .int64, device: input.ids.device)
  }
}
