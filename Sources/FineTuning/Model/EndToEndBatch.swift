import Models
import NN
import Torch
import Training

/// A batch of a language model with all texts in one row, so that nothing is computed for padding. No text sees another,
/// so the loss is the same.
struct EndToEndBatch {
  let input: ModelInput
  /// int64 [1, tokens].
  let labels: Tensor

  /// Nil where the batch has no padding to leave out.
  ///
  /// - Parameter fillsUp: whether to add tokens that do not count, so that sizes recur.
  init?(_ batch: Batch, fillsUp: Bool) throws {
    let shape = batch.ids.shape
    let own = batch.segments
    guard let isReal = try own?.greaterOrEqual(0) ?? batch.attentionMask?.to(dtype: .bool) else { return nil }
    let real = try isReal.flattened().nonzero().flattened()
    let (device, filling) = (batch.ids.device, fillsUp ? TokenSpans.filling(real.count) : 0)
    let places =
      try filling > 0 ? .cat([real, .zeros([filling], dtype: .int64, device: device)], dim: 0) : real
    func laid(_ x: Tensor, filled value: Tensor? = nil) throws -> Tensor {
      let all = try x.expanded(shape).reshaped([-1]).indexSelect(0, places)
      if let value { try all.slice(0, from: real.count).copy_(value) }
      return try all.unsqueezed(0)
    }
    func number(_ value: Int) throws -> Tensor { try Tensor([value]).to(device: device) }
    // Texts of one row differ in their own numbers, those of different rows by more than any of these.
    let row = try Tensor.arange(0, shape[0] * shape[1], step: shape[1], device: device).unsqueezed(1)
    let positions = try batch.positions ?? .arange(0, shape[1], device: device).unsqueezed(0)
    input = ModelInput(
      ids: try laid(batch.ids),
      positions: try laid(positions, filled: .arange(0, filling, device: device)),
      segments: try laid(own.map { try $0 + row } ?? row, filled: number(-1)))
    labels = try laid(batch.labels, filled: number(Int(TokenizedExample.ignoredLabel)))
  }
}
