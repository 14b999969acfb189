import Models
import Torch
import Training

/// A batch of a language model with all texts in one row, so that nothing is computed for padding. No text sees another,
/// so the loss is the same.
struct EndToEndBatch {
  let input: ModelInput
  /// int64 [1, tokens].
  let labels: Tensor

  /// Nil where the batch has no padding to leave out.
  init?(_ batch: Batch) throws {
    let shape = batch.ids.shape
    let own = batch.segments
    guard let isReal = try own?.greaterOrEqual(0) ?? batch.attentionMask?.to(dtype: .bool) else { return nil }
    let places = try isReal.flattened().nonzero().flattened()
    let device = batch.ids.device
    func laid(_ x: Tensor) throws -> Tensor {
      try x.expanded(shape).reshaped([-1]).indexSelect(0, places).unsqueezed(0)
    }
    // Texts of one row differ in their own numbers, those of different rows by more than any of these.
    let row = try Tensor.arange(0, shape[0] * shape[1], step: shape[1], device: device).unsqueezed(1)
    let positions = try batch.positions ?? .arange(0, shape[1], device: device).unsqueezed(0)
    input = ModelInput(
      ids: try laid(batch.ids), positions: try laid(positions),
      segments: try laid(own.map { try $0 + row } ?? row))
    labels = try laid(batch.labels)
  }
}
