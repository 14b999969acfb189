import NN
import Torch

/// An encoder-decoder that writes a text in answer to another.
final class EncoderDecoderForSequenceToSequence: SequenceToSequenceModel {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.seq2seqLM
  let outputEmbeddingName: String? = "lm_head"
  let headNames: [String] = []
  let outputEmbedding: Linear
  private let body: EncoderDecoder
  /// Added to the logits, [1, vocabulary]; nil when the checkpoint has none.
  private let outputBias: Parameter?

  /// - Parameter prefix: of the body's names; empty for none.
  init(
    _ configuration: ModelConfiguration, _ config: EncoderDecoderConfiguration, prefix: String,
    _ store: VariableStore
  ) throws {
    (self.configuration, self.store) = (configuration, store)
    let (place, head) = (prefix.isEmpty ? store.root : store.root / prefix, "lm_head.weight")
    // A checkpoint that keeps two different tables is believed.
    let isTied = try config.tiesEmbeddings && !store.tellsApart(place.full("shared.weight"), head)
    body = try EncoderDecoder(place, config, tableAliases: isTied ? [head] : [])
    let (path, inputs, outputs) = (store.root / "lm_head", config.hiddenSize, config.vocabularySize)
    outputEmbedding =
      try isTied
      ? Linear(path, in: inputs, out: outputs, tiedTo: body.table)
      : Linear(path, in: inputs, out: outputs, initial: .normal(std: config.initializerRange))
    outputBias =
      try store.hasCheckpointTensor("final_logits_bias")
      ? store.root.constant("final_logits_bias", [1, outputs]) : nil
  }

  var contextLength: Int { body.configuration.contextLength.tokens }
  var limitsLength: Bool { body.configuration.contextLength.isLimit }
  var scalesOutput: Bool { body.configuration.outputScale != 1 }

  var startID: Int {
    switch body.configuration.start {
    case .token(let id), .lastToken(let id): id
    }
  }

  func makeCache() -> EncoderDecoderCache {
    EncoderDecoderCache(layers: body.configuration.decoder.layerCount)
  }

  func encode(_ input: ModelInput) throws -> EncodedText { try body.encode(input) }

  func hiddenStates(
    _ ids: Tensor, reading source: EncodedText, cache: EncoderDecoderCache?
  ) throws -> Tensor {
    let (hidden, scale) = (
      try body.decode(ids, reading: source, cache: cache), body.configuration.outputScale
    )
    return scale == 1 ? hidden : try hidden * scale
  }

  func head(_ hidden: Tensor) throws -> Tensor {
    let logits = try outputEmbedding(hidden)
    return try outputBias.map { try logits + $0.tensor } ?? logits
  }

  func decoderInputs(for labels: Tensor) throws -> Tensor { try body.inputs(for: labels) }

  func targetLoss(_ input: ModelInput, labels: Tensor) throws -> (sum: Tensor, count: Int) {
    let ids = try body.inputs(for: labels)
    let hidden = try hiddenStates(ids, reading: encode(input), cache: nil)
    guard let outputBias, try outputBias.tensor.abs().max().item() > 0 else {
      return try tokenLoss(hidden, labels: labels, head: outputEmbedding)
    }
    let logits = try head(hidden).to(dtype: .float32)
    let targets = try labels.flattened()
    return (
      try logits.reshaped([-1, logits.shape[2]]).crossEntropy(targets, reduction: .sum),
      try targets.notEqual(-100).sum().item()
    )
  }
}
