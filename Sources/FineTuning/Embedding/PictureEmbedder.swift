import Images
import Models
import NN
import Torch
import Training

/// Vectors of pictures, normalized or not.
public struct PictureEmbedder {
  private let model: any VisionModel
  private let reader: PictureReader
  private let normalizes: Bool

  /// - Parameters:
  ///   - processor: what is done to pictures before the model sees them.
  ///   - normalizes: whether vectors have length 1.
  public init(_ model: any VisionModel, processor: ImageProcessor?, normalizes: Bool = true) {
    (self.model, self.normalizes) = (model, normalizes)
    reader = PictureReader(model.picture, processor)
  }

  /// A vector for the picture of each row, float32 [rows, d], in their order.
  ///
  /// - Throws: ``TrainingError`` naming a row without a picture that can be read.
  public func embed(_ rows: [DataRow], batchSize: Int = 32) throws -> Tensor {
    let pictures = try rows.map(reader.picture)
    let parts = try withoutGradients {
      try stride(from: 0, to: pictures.count, by: max(1, batchSize)).map { start in
        let batch = Array(pictures[start..<min(start + max(1, batchSize), pictures.count)])
        let pixels = try Tensor.stack(concurrentMap(batch, block: 1) { try $0.pixels() })
        let vectors = try model.features(pixels.to(device: model.store.device))
        return try vectors.to(dtype: .float32, device: .cpu)
      }
    }
    guard !parts.isEmpty else { throw TrainingError(.data, "no pictures: the data is empty") }
    let all = try Tensor.cat(parts)
    return normalizes ? try all.ofUnitLength() : all
  }
}

extension DataRow {
  /// Whether the row has a picture and no text.
  public var showsPicture: Bool { ["image", "file_name", "pixel_values"].contains { self[$0] != nil } }
}
