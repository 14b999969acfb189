import NN
import Torch

/// A decoder that predicts the next token.
final class DecoderForCausalLM: CausalLanguageModel {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.causalLM
  let outputEmbeddingName: String? = "lm_head"
  let headNames: [String] = []
  private let body: any DecoderBody
  let outputEmbedding: Linear
  let logitShape: LogitShape
  private let mixture: MixtureConfiguration?

  init(_ configuration: ModelConfiguration, _ decoder: some DecoderDesign, _ store: VariableStore) throws {
    (self.configuration, self.store) = (configuration, store)
    (logitShape, mixture) = (decoder.logits, decoder.mixture)
    let head = "lm_head.weight"
    // A checkpoint that keeps two different tables is believed over a configuration that says they are one.
    let isTied = try decoder.tiesEmbeddings && !store.tellsApart(decoder.tableName, head)
    body = try decoder.makeBody(in: store, tableAliases: isTied ? [head] : [])
    let (place, inputs, outputs) = (store.root / "lm_head", decoder.outputSize, decoder.vocabularySize)
    outputEmbedding =
      try isTied
      ? Linear(place, in: inputs, out: outputs, bias: decoder.headBias, tiedTo: body.embedding.table)
      : Linear(
        place, in: inputs, out: outputs, bias: decoder.headBias,
        initial: .normal(std: decoder.initializerRange))
  }

  var contextLength: Int { body.contextLength }

  var laysTextsEndToEnd: Bool { body.laysTextsEndToEnd }

  func makeCache() -> KeyValueCache { KeyValueCache(layers: body.layerCount) }

  func embed(_ ids: Tensor) throws -> Tensor { try body.embed(ids) }

  func hiddenStates(_ input: ModelInput, cache: KeyValueCache?) throws -> Tensor {
    try body(input, cache: cache)
  }

  var weighsRouting: Bool { mixture?.imbalanceWeight != nil }

  /// In training, what routers that spread tokens unevenly cost is part of the mean, as in transformers: `weight *
  /// imbalance` for every token that counts.
  func nextTokenLoss(_ input: ModelInput, labels: Tensor) throws -> (sum: Tensor, count: Int) {
    var routing: [Tensor] = []
    let (hidden, labels) = try input.foretelling(labels) { try body($0, cache: nil) { routing = $0 } }
    let (sum, count) = try NN.nextTokenLoss(
      hidden, labels: labels, head: outputEmbedding, shape: logitShape)
    guard store.mode.isTraining, !routing.isEmpty, let mixture, let weight = mixture.imbalanceWeight else {
      return (sum, count)
    }
    let imbalance = try routerImbalance(routing, chosen: mixture.chosenCount, mask: input.attentionMask)
    return (try sum.adding(imbalance, scale: weight * Double(count)), count)
  }
}
