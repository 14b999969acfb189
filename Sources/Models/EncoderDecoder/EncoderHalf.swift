import NN
import Torch

/// The encoder of an encoder-decoder by itself, which tells what each token of a text means.
final class EncoderHalf: EncoderBody {
  private let configuration: EncoderDecoderConfiguration
  private let encoder: EncoderDecoderStack

  init(_ path: Path, _ config: EncoderDecoderConfiguration) throws {
    configuration = config
    let table = try path.parameter(
      "shared.weight", [config.vocabularySize, config.hiddenSize],
      initial: .normal(std: config.initializerRange), aliases: [path.full("encoder.embed_tokens.weight")])
    encoder = try EncoderDecoderStack(
      path / "encoder", config.encoder, config, table: table, readsSource: false)
  }

  var contextLength: Int { configuration.contextLength.tokens }
  var limitsLength: Bool { configuration.contextLength.isLimit }
  var words: Embedding { encoder.embedding }

  func callAsFunction(_ input: ModelInput) throws -> Tensor {
    try input.check()
    guard input.segments == nil else {
      throw ModelError("texts that share a row, for the encoder of an encoder-decoder: leave out --packing")
    }
    let hidden =
      try input.embeddings ?? words(input.ids.checked(below: configuration.vocabularySize, "token id"))
    return try encoder(
      hidden, ForwardPass(ids: input.ids), visible: input.visibleKeys(), isCausal: false)
  }
}

extension EncoderDesign {
  init(encoderOf config: EncoderDecoderConfiguration) {
    let heads = EncoderHeads(
      hiddenSize: config.hiddenSize, vocabularySize: config.vocabularySize,
      initializerRange: config.initializerRange,
      classifierDropout: (config.classifierDropout, config.classifierDropout))
    self.init(heads: heads) { try EncoderHalf($0, config) }
  }
}
