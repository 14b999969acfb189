import NN
import Torch

/// An encoder that names hidden words.
///
/// Source: Devlin et al. 2019, "BERT", section 3.1, task 1.
final class EncoderForMaskedLM: MaskedLanguageModel {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.maskedLM
  let outputEmbeddingName: String?
  let headNames: [String]
  private let body: any EncoderBody
  private let transform: HeadTransform
  private let output: Linear
  /// The output's bias where a checkpoint keeps it beside the layer.
  private let bias: Parameter?
  /// A bias beside a layer that has its own: transformers keeps it in files, and does not look at it.
  private let idleBias: Parameter?

  init(
    _ configuration: ModelConfiguration, _ design: EncoderDesign, prefix: String, _ store: VariableStore
  ) throws {
    (self.configuration, self.store) = (configuration, store)
    let heads = design.heads
    guard let head = heads.language else {
      throw try configuration.invalid(
        "architectures", "\(configuration.modelType) has no head for hidden words")
    }
    body = try design.body(store.root / prefix)
    transform = try HeadTransform(store.root, head, heads)
    let (place, own) = (store.root / head.output, "\(head.output).bias")
    let isTied =
      try configuration.value("tie_word_embeddings", default: true)
      && !store.tellsApart(body.words.table.name, "\(head.output).weight")
    let hasOwnBias = head.bias == own || (!isTied && store.hasCheckpointTensor(own))
    output =
      try isTied
      ? Linear(
        place, in: head.width, out: heads.vocabularySize, bias: hasOwnBias, tiedTo: body.words.table)
      : Linear(
        place, in: head.width, out: heads.vocabularySize, bias: hasOwnBias,
        initial: .normal(std: heads.initializerRange))
    bias =
      try hasOwnBias
      ? nil
      : head.bias.map {
        try store.root.parameter($0, [heads.vocabularySize], initial: .zeros, aliases: [own])
      }
    idleBias =
      try hasOwnBias
      ? head.bias.flatMap { name in
        guard name != own, store.hasCheckpointTensor(name) else { return nil }
        return try store.root.parameter(name, [heads.vocabularySize], initial: .zeros)
      } : nil
    outputEmbeddingName = head.output
    // A head that the checkpoint lacks is trained whole; one that it has stays as it is.
    headNames =
      store.hasCheckpointTensor("\(head.dense).weight") ? [] : [head.dense, head.norm.name]
  }

  var contextLength: Int { body.contextLength }

  func hiddenStates(_ input: ModelInput) throws -> Tensor { try body(input) }

  func head(_ hidden: Tensor) throws -> Tensor {
    let logits = try output(transform(hidden))
    return try bias.map { try logits + $0.tensor } ?? logits
  }
}
