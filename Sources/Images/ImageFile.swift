import Files

/// Pictures in files: PNG and JPEG, told by their first bytes.
public enum ImageFile {
  /// Endings of names that pictures have.
  public static let extensions = ["png", "jpg", "jpeg"]

  /// The picture in the file `path`, the way up that its EXIF data says.
  ///
  /// - Throws: `FileError` when it cannot be read, ``ImageError`` naming what is wrong with it.
  public static func read(_ path: String) throws -> Image {
    let bytes = try WholeFile.read(path)
    return try named(path) { () throws(ImageError) in try decode(bytes) }
  }

  /// Width and height of the picture in the file `path` as it is stored, without decoding it.
  ///
  /// - Throws: `FileError` when it cannot be read, ``ImageError`` when it is no picture or too large.
  public static func size(_ path: String) throws -> (width: Int, height: Int) {
    let bytes = try WholeFile.read(path)
    return try named(path) { () throws(ImageError) in
      switch try Kind(bytes) {
      case .png:
        let header = try PNGHeader(bytes)
        return (header.width, header.height)
      case .jpeg:
        let frame = try JPEGFile.frame(of: bytes)
        return (frame.width, frame.height)
      }
    }
  }

  /// The picture that the contents of a file hold.
  public static func decode(_ bytes: [UInt8]) throws(ImageError) -> Image {
    switch try Kind(bytes) {
    case .png: try PNGDecoder.decode(bytes)
    case .jpeg: try JPEGDecoder.decode(bytes)
    }
  }

  private enum Kind {
    case png, jpeg

    init(_ bytes: [UInt8]) throws(ImageError) {
      guard !bytes.isEmpty else { throw ImageError("an empty file") }
      if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
        self = .png
      } else if bytes.starts(with: [0xFF, 0xD8]) {
        self = .jpeg
      } else {
        throw ImageError("neither PNG nor JPEG")
      }
    }
  }

  private static func named<Result>(
    _ path: String, _ body: () throws(ImageError) -> Result
  ) throws(ImageError) -> Result {
    do {
      return try body()
    } catch {
      throw ImageError("\(error), \(path): replace the file, or remove its row")
    }
  }
}
