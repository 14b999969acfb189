import Files
import Images
import JSON
import Models
import Torch
import Training

/// Finds the picture of a row: a file that it names, or the pixels themselves.
struct PictureReader: Sendable {
  private let shape: PictureShape
  private let processor: ImageProcessor?

  init(_ shape: PictureShape, _ processor: ImageProcessor?) {
    (self.shape, self.processor) = (shape, processor)
  }

  /// The row's picture, of whose file no more than the beginning is looked at now.
  ///
  /// - Throws: ``TrainingError`` for a row without a picture, or one that is no file of a picture.
  func picture(_ row: DataRow) throws -> ExamplePicture {
    if let value = row["pixel_values"] { return try pixels(value, row) }
    guard let name = row.text("image") ?? row.text("file_name") else {
      throw TrainingError(
        .data,
        "a row without image, file_name or pixel_values, \(row.origin): it has "
          + "\(row.fields.keys.joined(separator: ", ")); add the picture's path")
    }
    let path = name.hasPrefix("/") ? name : Folder.join(row.folder == "." ? "" : row.folder, name)
    _ = try located(path, row) { try ImageFile.size(path) }
    guard let processor else {
      throw TrainingError(.data, "a picture, \(row.origin), for a model that takes none: give rows of text")
    }
    return ExamplePicture(path) {
      let values = try located(path, row) { try processor(ImageFile.read(path)) }
      return try Tensor(values.values, shape: values.shape)
    }
  }

  /// Names the row beside the file where it is another place.
  private func located<Result>(_ path: String, _ row: DataRow, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error where error is ImageError || error is FileError {
      let place = row.origin == path ? "" : " (of \(row.origin))"
      throw TrainingError(.data, "\(error)\(place)")
    }
  }

  /// Numbers in lists of lists: channels, rows, columns.
  private func pixels(_ value: JSONValue, _ row: DataRow) throws -> ExamplePicture {
    // Cells of a table hold their lists as text.
    let value = value.stringValue.flatMap { try? JSONValue.parse($0) } ?? value
    let rule = "write [\(shape.channels), height, width] numbers in lists"
    let channels = value.arrayValue ?? []
    let height = channels.first?.arrayValue?.count ?? 0
    let width = channels.first?.arrayValue?.first?.arrayValue?.count ?? 0
    guard channels.count == shape.channels, height > 0, width > 0 else {
      throw TrainingError(
        .data, "pixel_values of \(channels.count) channels, \(row.origin): \(rule)")
    }
    var numbers: [Float] = []
    for line in channels.flatMap({ $0.arrayValue ?? [] }) {
      let own = (line.arrayValue ?? []).compactMap(\.doubleValue)
      guard own.count == width, own.allSatisfy(\.isFinite) else {
        throw TrainingError(.data, "pixel_values that are no grid of numbers, \(row.origin): \(rule)")
      }
      numbers += own.map(Float.init)
    }
    let size = [shape.channels, height, width]
    guard numbers.count == size.reduce(1, *) else {
      throw TrainingError(.data, "pixel_values with channels of several sizes, \(row.origin): \(rule)")
    }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for number in numbers { hash = (hash ^ UInt64(number.bitPattern)) &* 0x100_0000_01b3 }
    let values = numbers
    return ExamplePicture("\(size) \(String(hash, radix: 16))") { try Tensor(values, shape: size) }
  }
}
