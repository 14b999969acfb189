import NN
import Torch

/// A convolution over the embedded tokens, added to what the first layer computes (DeBERTa's n-gram induced input).
///
/// Source: `ConvLayer` of DeBERTa-v2's reference implementation.
struct DebertaConvolution {
  private let convolution: Convolution
  private let norm: LayerNorm
  private let design: DebertaConfiguration.Convolution
  private let dropout: Double
  private let mode: Mode

  init(_ path: Path, _ config: DebertaConfiguration, _ design: DebertaConfiguration.Convolution) throws {
    let geometry = ConvolutionGeometry(
      kernel: [design.kernel], padding: .each([(design.kernel - 1) / 2]), groups: design.groups)
    convolution = try Convolution(path / "conv", in: config.hiddenSize, out: config.hiddenSize, geometry)
    norm = try LayerNorm(path / "LayerNorm", size: config.hiddenSize, eps: config.normEpsilon)
    (self.design, dropout, mode) = (design, config.dropout, path.store.mode)
  }

  /// - Parameters:
  ///   - embedded: what the first layer was given, [batch, tokens, d].
  ///   - output: what it made of it.
  ///   - mask: which tokens are real; padding stays zero.
  func callAsFunction(_ embedded: Tensor, _ output: Tensor, _ mask: Tensor?) throws -> Tensor {
    let real = try mask.map { try $0.to(dtype: embedded.dtype).unsqueezed(-1) }
    var x = try convolution(embedded.transposed(1, 2)).transposed(1, 2)
    if let real { x = try x * real }
    let sum = try norm(output + design.activation(mode.dropped(x, dropout)))
    return try real.map { try sum * $0 } ?? sum
  }
}
