import NN
import Torch

/// An encoder-decoder that classifies a text: the decoder reads it too, and its state at the text's end tells.
final class EncoderDecoderForSequenceClassification: Model {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.sequenceClassification
  let outputEmbeddingName: String? = nil
  let headNames = ["classification_head"]
  private let body: EncoderDecoder
  private let dense, output: Linear
  private let endIDs: [Int]

  init(
    _ configuration: ModelConfiguration, _ config: EncoderDecoderConfiguration, prefix: String,
    _ store: VariableStore
  ) throws {
    (self.configuration, self.store) = (configuration, store)
    // A tied checkpoint may keep its only table under the other head's name.
    body = try EncoderDecoder(store.root / prefix, config, tableAliases: ["lm_head.weight"])
    let (place, d) = (store.root / "classification_head", config.hiddenSize)
    let initial = Initializer.normal(std: config.initializerRange)
    dense = try Linear(place / "dense", in: d, out: d, bias: true, initial: initial)
    output = try Linear(
      place / "out_proj", in: d, out: configuration.labels.count, bias: true, initial: initial)
    endIDs = try configuration.endOfTextIDs
  }

  var contextLength: Int { body.configuration.contextLength.tokens }
  var limitsLength: Bool { body.configuration.contextLength.isLimit }

  /// [batch, labels], from the last token of each row that ends a text.
  ///
  /// - Throws: ``ModelError`` for a row without such a token.
  func logits(_ input: ModelInput) throws -> Tensor {
    guard let end = endIDs.first else {
      throw configuration.invalid("eos_token_id", "must name the token that ends a text, for a classifier")
    }
    let ids = input.ids
    let isEnd = try ids.equal(Double(end)).to(dtype: .int64)
    guard try isEnd.amax([1]).min().item(of: Int.self) > 0 else {
      throw ModelError(
        "a text without the token that ends texts (\(end)), for a classifier of type "
          + "\(try configuration.modelType): use the model's own tokenizer, and shorten no text by hand")
    }
    let hidden = try body.decode(body.inputs(for: ids), reading: body.encode(input), cache: nil)
    let places = try Tensor.arange(1, ids.shape[1] + 1, device: ids.device)
    let last = try (isEnd * places).argmax(-1)
    let text = try hidden.indexed([.arange(0, ids.shape[0], device: ids.device), last])
    let (mode, rate) = (store.mode, body.configuration.classifierDropout)
    return try output(mode.dropped(dense(mode.dropped(text, rate)).tanh(), rate))
  }
}
