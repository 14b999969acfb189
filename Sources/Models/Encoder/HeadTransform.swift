import NN
import Torch

/// What stands in front of a head's last layer: a layer, its activation, and perhaps a normalization.
struct HeadTransform {
  private let dense: Linear
  private let norm: LayerNorm?
  private let activation: Activation

  init(_ root: Path, _ pooler: EncoderPooler, _ heads: EncoderHeads) throws {
    let d = heads.hiddenSize
    activation = pooler.activation
    dense = try Linear(
      root / pooler.name, in: d, out: d, bias: pooler.bias, initial: .normal(std: heads.initializerRange))
    norm = try pooler.norm.map { try LayerNorm(root / $0.name, size: d, eps: $0.eps, bias: $0.bias) }
  }

  init(_ root: Path, _ design: LanguageHeadDesign, _ heads: EncoderHeads) throws {
    activation = design.activation
    dense = try Linear(
      root / design.dense, in: heads.hiddenSize, out: design.width, bias: design.denseBias,
      initial: .normal(std: heads.initializerRange))
    norm = try LayerNorm(
      root / design.norm.name, size: design.width, eps: design.norm.eps, bias: design.norm.bias)
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let y = try activation(dense(x))
    return try norm?(y) ?? y
  }
}

extension EncoderPooler {
  /// The parts of heads that a checkpoint lacks, which are as new as the layer on top: they must be trained, and kept.
  func newParts(_ store: VariableStore, besides names: [String]) -> [String] {
    let parts = [name] + (norm.map { [$0.name] } ?? [])
    return parts.filter { part in
      !store.hasCheckpointTensor("\(part).weight") && !names.contains { part.hasPrefix($0) }
    }
  }
}
