/// How a camera was held, as EXIF data says it (CIPA DC-008, tag 274).
struct Orientation: Equatable {
  /// Mirrored from left to right, then turned by so many right angles clockwise.
  let isMirrored: Bool
  let turns: Int

  static let upright = Orientation(isMirrored: false, turns: 0)

  private init(isMirrored: Bool, turns: Int) { (self.isMirrored, self.turns) = (isMirrored, turns) }

  /// Nil where the bytes do not say it.
  init?(exif bytes: ArraySlice<UInt8>) {
    guard bytes.starts(with: Array("Exif\0\0".utf8)) else { return nil }
    let data = Array(bytes.dropFirst(6))
    let isLittle = data.starts(with: Array("II".utf8))
    guard isLittle || data.starts(with: Array("MM".utf8)) else { return nil }
    func number(_ place: Int, _ count: Int) -> Int? {
      guard place >= 0, place + count <= data.count else { return nil }
      let part = data[place..<place + count]
      return (isLittle ? Array(part.reversed()) : Array(part)).reduce(0) { $0 << 8 | Int($1) }
    }
    guard let start = number(4, 4), let count = number(start, 2) else { return nil }
    for entry in 0..<count {
      let place = start + 2 + entry * 12
      guard number(place, 2) == 274, let value = number(place + 8, 2) else { continue }
      switch value {
      case 2: self.init(isMirrored: true, turns: 0)
      case 3: self.init(isMirrored: false, turns: 2)
      case 4: self.init(isMirrored: true, turns: 2)
      case 5: self.init(isMirrored: true, turns: 3)
      case 6: self.init(isMirrored: false, turns: 1)
      case 7: self.init(isMirrored: true, turns: 1)
      case 8: self.init(isMirrored: false, turns: 3)
      default: self.init(isMirrored: false, turns: 0)
      }
      return
    }
    return nil
  }

  /// The picture as it was seen.
  func upright(_ image: Image) throws(ImageError) -> Image {
    guard self != .upright else { return image }
    let (width, height) = turns % 2 == 0 ? (image.width, image.height) : (image.height, image.width)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(image.bytes.count)
    for y in 0..<height {
      for x in 0..<width {
        let (seen, row) =
          switch turns {
          case 1: (y, image.height - 1 - x)
          case 2: (image.width - 1 - x, image.height - 1 - y)
          case 3: (image.width - 1 - y, x)
          default: (x, y)
          }
        let column = isMirrored ? image.width - 1 - seen : seen
        let source = (row * image.width + column) * image.channels
        bytes += image.bytes[source..<source + image.channels]
      }
    }
    return try Image(width: width, height: height, channels: image.channels, bytes: bytes)
  }
}
