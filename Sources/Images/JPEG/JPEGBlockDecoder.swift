/// Decodes the coefficients of blocks, one after the other, as a scan's header says (ITU-T T.81, annexes F and G).
struct JPEGBlockDecoder {
  private var bits: JPEGBits
  private let first, last, high, low: Int
  /// Blocks still to come that have nothing more in this scan.
  private var emptyBlocks = 0

  init(_ bits: JPEGBits, first: Int, last: Int, high: Int, low: Int) {
    (self.bits, self.first, self.last, self.high, self.low) = (bits, first, last, high, low)
  }

  mutating func restart() throws(ImageError) {
    try bits.restart()
    emptyBlocks = 0
  }

  /// Where the next marker is, or the end.
  mutating func end() -> Int {
    _ = bits.nextMarker()
    return bits.position
  }

  /// - Parameter previous: the first coefficient of the component's block before, which this one's is told from.
  mutating func decode(
    _ values: inout [Int16], at start: Int, dc: JPEGHuffman?, ac: JPEGHuffman?, previous: inout Int,
    isProgressive: Bool
  ) throws(ImageError) {
    if first == 0 {
      if high == 0, let dc {
        let size = try bits.symbol(dc)
        guard size < 16 else { throw .damaged }
        previous += try bits.signed(size)
        values[start] = Int16(truncatingIfNeeded: previous << low)
      } else if high > 0 {
        values[start] |= Int16(try bits.take(1) << low)
      }
      if isProgressive { return }
    }
    guard let ac else { throw .damaged }
    if !isProgressive {
      try all(&values, at: start, ac)
    } else if high == 0 {
      try beginning(&values, at: start, ac)
    } else {
      try refinement(&values, at: start, ac)
    }
  }

  /// Every coefficient but the first (section F.2.2.2).
  private mutating func all(_ values: inout [Int16], at start: Int, _ ac: JPEGHuffman) throws(ImageError) {
    var place = 1
    while place < 64 {
      let symbol = try bits.symbol(ac)
      let (run, size) = (symbol >> 4, symbol & 15)
      if size == 0 {
        if run < 15 { return }
        place += 16
        continue
      }
      place += run
      guard place < 64 else { throw .damaged }
      values[start + JPEGOrder.natural[place]] = Int16(truncatingIfNeeded: try bits.signed(size))
      place += 1
    }
  }

  /// The upper bits of some coefficients (section G.1.2.2).
  private mutating func beginning(
    _ values: inout [Int16], at start: Int, _ ac: JPEGHuffman
  ) throws(ImageError) {
    if emptyBlocks > 0 {
      emptyBlocks -= 1
      return
    }
    var place = first
    while place <= last {
      let symbol = try bits.symbol(ac)
      let (run, size) = (symbol >> 4, symbol & 15)
      if size == 0 {
        if run < 15 {
          emptyBlocks = try 1 << run + bits.take(run) - 1
          return
        }
        place += 16
        continue
      }
      place += run
      guard place <= last else { throw .damaged }
      values[start + JPEGOrder.natural[place]] = Int16(truncatingIfNeeded: try bits.signed(size) << low)
      place += 1
    }
  }

  /// One more bit of some coefficients (section G.1.2.3).
  private mutating func refinement(
    _ values: inout [Int16], at start: Int, _ ac: JPEGHuffman
  ) throws(ImageError) {
    let bit = Int16(1 << low)
    var place = first
    if emptyBlocks == 0 {
      while place <= last {
        let symbol = try bits.symbol(ac)
        var (run, value) = (symbol >> 4, Int16(0))
        if symbol & 15 == 0 {
          if run < 15 {
            emptyBlocks = try 1 << run + bits.take(run)
            break
          }
        } else {
          value = try bits.take(1) == 1 ? bit : -bit
        }
        // Over `run` coefficients that are zero still; others on the way get their bit.
        while place <= last {
          let target = start + JPEGOrder.natural[place]
          if values[target] != 0 {
            try refine(&values[target], bit)
          } else {
            if run == 0 {
              values[target] = value
              place += 1
              break
            }
            run -= 1
          }
          place += 1
        }
      }
    }
    guard emptyBlocks > 0 else { return }
    while place <= last {
      let target = start + JPEGOrder.natural[place]
      if values[target] != 0 { try refine(&values[target], bit) }
      place += 1
    }
    emptyBlocks -= 1
  }

  private mutating func refine(_ value: inout Int16, _ bit: Int16) throws(ImageError) {
    guard try bits.take(1) == 1, value & bit == 0 else { return }
    value &+= value > 0 ? bit : -bit
  }
}
