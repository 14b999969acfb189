/// One pass over a JPEG's coefficients: all of them, or a part of their places or bits (ITU-T T.81, annexes F and G).
struct JPEGScan {
  private struct Part {
    let index: Int
    let dc, ac: JPEGHuffman?
  }

  private let frame: JPEGFrame
  private let parts: [Part]
  private let first, last, high, low: Int

  /// - Parameter reader: behind the marker's length.
  init(
    _ reader: inout ByteReader, _ frame: JPEGFrame, _ dc: [JPEGHuffman?], _ ac: [JPEGHuffman?]
  ) throws(ImageError) {
    self.frame = frame
    var parts: [Part] = []
    for _ in 0..<(try reader.byte()) {
      let (id, tables) = (try reader.byte(), try reader.byte())
      guard let index = frame.components.firstIndex(where: { $0.id == id }), tables >> 4 < 4, tables & 15 < 4,
        !parts.contains(where: { $0.index == index })
      else { throw .damaged }
      parts.append(Part(index: index, dc: dc[tables >> 4], ac: ac[tables & 15]))
    }
    (first, last) = (try reader.byte(), try reader.byte())
    let bits = try reader.byte()
    (high, low) = frame.isProgressive ? (bits >> 4, bits & 15) : (0, 0)
    self.parts = parts
    let needsDC = first == 0 && high == 0
    let needsAC = last > 0
    guard !parts.isEmpty, first <= last, last < 64, low < 14,
      frame.isProgressive ? (first > 0 || last == 0) && (first == 0 || parts.count == 1) : first == 0,
      parts.allSatisfy({ (!needsDC || $0.dc != nil) && (!needsAC || $0.ac != nil) })
    else { throw .damaged }
  }

  /// Adds what the scan says to the coefficients.
  ///
  /// - Returns: where the next marker is.
  func decode(
    _ bytes: [UInt8], from start: Int, _ restartInterval: Int, _ coefficients: inout [JPEGCoefficients]
  ) throws(ImageError) -> Int {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<Int, ImageError> in
      do throws(ImageError) {
        return .success(try decode(JPEGBits(buffer, at: start), restartInterval, &coefficients))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func decode(
    _ start: JPEGBits, _ restartInterval: Int, _ coefficients: inout [JPEGCoefficients]
  ) throws(ImageError) -> Int {
    var decoder = JPEGBlockDecoder(
      start, first: first, last: frame.isProgressive ? last : 63, high: high, low: low)
    let isSingle = parts.count == 1
    let only = frame.components[parts[0].index]
    let (across, down) =
      isSingle ? (only.ownBlocksAcross, only.ownBlocksDown) : (frame.unitsAcross, frame.unitsDown)
    var previous = [Int](repeating: 0, count: parts.count)
    for unit in 0..<(across * down) {
      if restartInterval > 0, unit > 0, unit % restartInterval == 0 {
        try decoder.restart()
        previous = previous.map { _ in 0 }
      }
      let (row, column) = (unit / across, unit % across)
      for (place, part) in parts.enumerated() {
        let component = frame.components[part.index]
        let (wide, tall) = isSingle ? (1, 1) : (component.across, component.down)
        for y in 0..<tall {
          for x in 0..<wide {
            let block = (row * tall + y) * component.blocksAcross + column * wide + x
            try decoder.decode(
              &coefficients[part.index].values, at: block * 64, dc: part.dc, ac: part.ac,
              previous: &previous[place],
              isProgressive: frame.isProgressive)
          }
        }
      }
    }
    return decoder.end()
  }
}
