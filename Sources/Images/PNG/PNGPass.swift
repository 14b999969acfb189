/// One pass over a picture: all of its pixels, or a seventh of them when it is interlaced (section 8).
struct PNGPass {
  let left, top, stepX, stepY: Int
  let width, height: Int

  private init(_ header: PNGHeader, left: Int, top: Int, stepX: Int, stepY: Int) {
    (self.left, self.top, self.stepX, self.stepY) = (left, top, stepX, stepY)
    width = (header.width - left + stepX - 1) / stepX
    height = (header.height - top + stepY - 1) / stepY
  }

  static func passes(_ header: PNGHeader) -> [PNGPass] {
    guard header.isInterlaced else { return [PNGPass(header, left: 0, top: 0, stepX: 1, stepY: 1)] }
    let places = [
      (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
    ]
    return places.map { PNGPass(header, left: $0, top: $1, stepX: $2, stepY: $3) }
      .filter { $0.width > 0 && $0.height > 0 }
  }

  func rowBytes(_ header: PNGHeader) -> Int { (width * header.bitsPerPixel + 7) / 8 }

  /// In the file, with a byte in front of each row.
  func byteCount(_ header: PNGHeader) -> Int { height * (rowBytes(header) + 1) }

  /// Puts the samples of this pass, eight bits each, where they belong in the picture.
  func scatter(_ rows: [UInt8], into samples: inout [UInt8], _ header: PNGHeader) {
    let (count, depth, stride) = (header.samples, header.depth, rowBytes(header))
    // Gray of few bits is spread to 0...255; numbers of colors are not.
    let factor = header.color == .gray && depth < 8 ? 255 / (1 << depth - 1) : 1
    for y in 0..<height {
      for x in 0..<width {
        let target = ((top + y * stepY) * header.width + left + x * stepX) * count
        for sample in 0..<count {
          let place = x * count + sample
          switch depth {
          case 8: samples[target + sample] = rows[y * stride + place]
          case 16: samples[target + sample] = rows[y * stride + place * 2]
          default:
            let bit = place * depth
            let byte = Int(rows[y * stride + bit / 8])
            let value = byte >> (8 - depth - bit % 8) & (1 << depth - 1)
            samples[target + sample] = UInt8(value * factor)
          }
        }
      }
    }
  }
}
