import NN
import Torch

/// An encoder that classifies a whole text, or a pair of texts.
final class EncoderForSequenceClassification: TextEncoder {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.sequenceClassification
  let outputEmbeddingName: String? = nil
  let headNames: [String]
  private let heads: EncoderHeads
  private let body: any EncoderBody
  private let design: EncoderPooler
  private let pooler: HeadTransform
  private let output: Linear

  init(
    _ configuration: ModelConfiguration, _ design: EncoderDesign, prefix: String, _ store: VariableStore
  ) throws {
    (self.configuration, self.store, heads) = (configuration, store, design.heads)
    guard let pooler = design.heads.pooler else {
      throw try configuration.invalid(
        "architectures", "\(configuration.modelType) has no head for whole texts")
    }
    self.design = pooler
    body = try design.body(store.root / prefix)
    self.pooler = try HeadTransform(store.root, pooler, heads)
    output = try Linear(
      store.root / pooler.output, in: heads.hiddenSize, out: configuration.labels.count, bias: true,
      initial: .normal(std: heads.initializerRange))
    headNames = pooler.heads + pooler.newParts(store, besides: pooler.heads)
  }

  var contextLength: Int { body.contextLength }

  func hiddenStates(_ input: ModelInput) throws -> Tensor { try body(input) }

  /// [batch, labels].
  func logits(_ input: ModelInput) throws -> Tensor {
    var text =
      switch design.pooling {
      case .first: try body.firstStates(input)
      case .mean: try body(input).mean(of: input.attentionMask)
      }
    text = try store.mode.dropped(text, design.inputDropout)
    return try output(store.mode.dropped(pooler(text), heads.classifierDropout.text))
  }
}

extension Tensor {
  /// The mean over the tokens of [batch, tokens, d] that `mask` (bool [batch, tokens]) holds for; all when it is nil.
  public func mean(of mask: Tensor?) throws -> Tensor {
    guard let mask else { return try mean([1]) }
    let weights = try mask.to(dtype: dtype).unsqueezed(-1)
    return try (self * weights).sum([1]) / weights.sum([1]).clamped(min: 1)
  }
}
