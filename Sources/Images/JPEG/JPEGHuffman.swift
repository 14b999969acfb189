/// The symbols of a JPEG's entropy-coded data by their bits, first bit highest (ITU-T T.81, annex C).
struct JPEGHuffman {
  /// For each value of the next 16 bits' upper nine: symbol << 8 | length; 0 for codes that are longer.
  private let short: [UInt16]
  /// For each length the first code that is longer, left-aligned in 16 bits, and where its symbols begin.
  private let limits: [Int]
  private let offsets: [Int]
  private let symbols: [UInt8]
  private static let window = 9

  /// - Parameter counts: of the codes of each length from 1 to 16.
  init(_ counts: [Int], _ symbols: [UInt8]) throws(ImageError) {
    var short = [UInt16](repeating: 0, count: 1 << Self.window)
    var (limits, offsets): ([Int], [Int]) = ([0], [0])
    var (code, first) = (0, 0)
    for (index, count) in counts.enumerated() {
      let length = index + 1
      guard code + count <= 1 << length else { throw .damaged }
      offsets.append(first - code)
      if length <= Self.window {
        let spread = 1 << (Self.window - length)
        for place in 0..<count {
          let entry = UInt16(symbols[first + place]) << 8 | UInt16(length)
          for low in 0..<spread { short[(code + place) * spread + low] = entry }
        }
      }
      code += count
      first += count
      limits.append(code << (16 - length))
      code <<= 1
    }
    (self.short, self.limits, self.offsets, self.symbols) = (short, limits, offsets, symbols)
  }

  /// The symbol that these 16 bits begin with and its length; nil for none.
  @inline(__always)
  func symbol(_ bits: Int) -> (symbol: Int, length: Int)? {
    let entry = Int(short[bits >> (16 - Self.window)])
    if entry != 0 { return (entry >> 8, entry & 255) }
    for length in 1...16 where bits < limits[length] {
      let place = bits >> (16 - length) + offsets[length]
      return symbols.indices.contains(place) ? (Int(symbols[place]), length) : nil
    }
    return nil
  }
}
