/// Reads JPEG files, baseline and progressive, to the same samples as the Independent JPEG Group's decoder.
///
/// Source: ITU-T T.81, "Digital compression and coding of continuous-tone still images".
enum JPEGDecoder {
  static func decode(_ bytes: [UInt8]) throws(ImageError) -> Image {
    let (file, frame, coefficients) = try JPEGFile.read(bytes)
    var planes: [JPEGPlane] = []
    for part in coefficients {
      guard let table = file.quantization[part.component.quantization] else { throw .damaged }
      planes.append(JPEGPlane(part, table, frame))
    }
    let colors = JPEGColors(file, frame)
    let channels = planes.count == 1 ? 1 : 3
    var pixels: [UInt8] = []
    pixels.reserveCapacity(frame.width * frame.height * channels)
    for y in 0..<frame.height {
      colors.append(planes.map { $0.row(y, width: frame.width) }, to: &pixels)
    }
    let image = try Image(width: frame.width, height: frame.height, channels: channels, bytes: pixels)
    return try file.orientation.upright(image)
  }
}
