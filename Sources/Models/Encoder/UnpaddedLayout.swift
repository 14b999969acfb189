import NN
import Torch

/// How the texts of a padded batch are laid end to end for the layers, and side by side again behind them.
struct UnpaddedLayout {
  let spans: TokenSpans
  /// The places of real tokens among those of the batch, and then of what fills up, int64 [tokens].
  private let places: Tensor
  /// The texts' first tokens among the real ones, int64 [batch].
  let firsts: Tensor
  private let batch, width, realCount: Int

  /// Nil where it would not pay or not do: without padding, with texts that begin with it (their first place stands for
  /// them), and where somebody goes by rows or places.
  init?(_ input: ModelInput, _ mode: Mode) throws {
    guard let mask = try input.attentionMask?.to(dtype: .bool), input.segments == nil,
      mode.rowAdapters == nil,
      !mode.keepsPadding
    else { return nil }
    let (batch, width) = (mask.shape[0], mask.shape[1])
    (self.batch, self.width) = (batch, width)
    let isReal = try mask.flattened().array(of: Bool.self)
    var real = isReal.indices.filter { isReal[$0] }
    guard (0..<batch).allSatisfy({ isReal[$0 * width] }), real.count < isReal.count else { return nil }
    var lengths = [Int](repeating: 0, count: batch)
    for place in real { lengths[place / width] += 1 }
    realCount = real.count
    let filling = TokenSpans.filling(real.count)
    real += Array(repeating: 0, count: filling)
    spans = try TokenSpans(lengths: lengths + (filling > 0 ? [filling] : []), device: input.ids.device)
    firsts = try Tensor(lengths.indices.map { lengths[..<$0].reduce(0, +) }).to(device: input.ids.device)
    places = try Tensor(real).to(device: input.ids.device)
  }

  /// x [batch, width, d] as [1, tokens, d].
  func endToEnd(_ x: Tensor) throws -> Tensor {
    try x.reshaped([batch * width, -1]).indexSelect(0, places).unsqueezed(0)
  }

  /// x [1, tokens, d] as [batch, width, d], zero where there is padding.
  func sideBySide(_ x: Tensor) throws -> Tensor {
    let d = x.shape[2]
    return try Tensor.zeros([batch * width, d], dtype: x.dtype, device: x.device)
      .indexCopy(0, places.slice(0, 0..<realCount), x.squeezed(0).slice(0, 0..<realCount)).view([
        batch, width, d,
      ])
  }
}
