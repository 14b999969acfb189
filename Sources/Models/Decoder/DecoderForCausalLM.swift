import NN
import Torch

/// A decoder that predicts the next token.
final class DecoderForCausalLM: CausalLanguageModel {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.causalLM
  let outputEmbeddingName: String? = "lm_head"
  let headNames: [String] = []
  private let body: Decoder
  let outputEmbedding: Linear

  init(_ configuration: ModelConfiguration, _ decoder: DecoderConfiguration, _ store: VariableStore) throws {
    (self.configuration, self.store) = (configuration, store)
    let (table, head) = ("model.embed_tokens.weight", "lm_head.weight")
    // A checkpoint that keeps two different tables is believed over a configuration that says they are one.
    let isTied = try decoder.tiesEmbeddings && !store.tellsApart(table, head)
    body = try Decoder(store.root / "model", decoder, tableAliases: isTied ? [head] : [])
    let (place, inputs, outputs) = (store.root / "lm_head", decoder.hiddenSize, decoder.vocabularySize)
    outputEmbedding =
      try isTied
      ? Linear(place, in: inputs, out: outputs, tiedTo: body.embedding.table)
      : Linear(place, in: inputs, out: outputs, initial: .normal(std: decoder.initializerRange))
  }

  var contextLength: Int { body.contextLength }

  func makeCache() -> KeyValueCache { KeyValueCache(layers: body.configuration.layerCount) }

  func embed(_ ids: Tensor) throws -> Tensor { try body.embed(ids) }

  func hiddenStates(_ input: ModelInput, cache: KeyValueCache?) throws -> Tensor {
    try body(input, cache: cache)
  }
}
