import NN
import Torch

/// The body of DeBERTa: embeddings, layers that share one table of distances, and perhaps a convolution.
final class Deberta: EncoderBody {
  private let configuration: DebertaConfiguration
  private let embeddings: DebertaEmbeddings
  private let blocks: [DebertaBlock]
  private let distances: Embedding?
  private let distanceNorm: LayerNorm?
  private let convolution: DebertaConvolution?

  init(_ path: Path, _ config: DebertaConfiguration) throws {
    configuration = config
    embeddings = try DebertaEmbeddings(path / "embeddings", config)
    let place = path / "encoder"
    blocks = try (0..<config.layerCount).map { try DebertaBlock(place / "layer" / $0, config) }
    distances = try config.relative.map {
      try Embedding(place / "rel_embeddings", entries: 2 * $0.span, size: config.hiddenSize)
    }
    let isNormalized = config.relative?.isNormalized == true
    distanceNorm =
      try isNormalized
      ? LayerNorm(place / "LayerNorm", size: config.hiddenSize, eps: config.normEpsilon) : nil
    convolution = try config.convolution.map { try DebertaConvolution(place / "conv", config, $0) }
  }

  var contextLength: Int { configuration.positionCount }
  var words: Embedding { embeddings.words }

  func callAsFunction(_ input: ModelInput) throws -> Tensor {
    try input.check()
    guard convolution == nil || input.segments == nil else {
      throw ModelError(
        "texts that share a row, for a model with a convolution over tokens: leave out --packing")
    }
    let first = try embeddings(input)
    let (count, device) = (input.ids.shape[1], input.ids.device)
    let mask = try visible(input)
    let table = try distances.map { table -> (rows: Tensor, distances: Tensor) in
      let rows = try table(.arange(0, table.table.tensor.shape[0], device: device))
      let distances = try configuration.relative?.distances(count, device: device)
      return (
        try distanceNorm?(rows) ?? rows,
        try distances ?? .zeros([count, count], dtype: .int64, device: device)
      )
    }
    var hidden = first
    for (index, block) in blocks.enumerated() {
      let output = try block(hidden, mask: mask, table: table)
      hidden = try index == 0 ? convolution?(first, output, input.attentionMask) ?? output : output
    }
    return hidden
  }

  /// Which keys each query sees: real tokens see the real tokens of their text; padding sees the mean of all.
  private func visible(_ input: ModelInput) throws -> Tensor? {
    var mask = try input.attentionMask.map { mask in
      let real = try mask.to(dtype: .bool)
      return try real.unsqueezed(1).unsqueezed(3).logicalAnd(real.unsqueezed(1).unsqueezed(1))
    }
    if let segments = input.segments {
      let same = try segments.unsqueezed(2).equal(segments.unsqueezed(1)).unsqueezed(1)
      mask = try mask?.logicalAnd(same) ?? same
    }
    return mask
  }
}
