/// The symbols of a DEFLATE stream by their bits, first bit lowest.
struct PrefixCode {
  /// For each value of the next ``window`` bits: symbol * 16 + length; 0 for none.
  private let table: [UInt32]
  private let window: Int

  /// - Parameter lengths: of each symbol's code in bits; 0 for symbols that do not occur.
  /// - Throws: ``ImageError`` for lengths that no code has.
  init(_ lengths: [UInt8]) throws(ImageError) {
    guard let built = Self.table(lengths) else { throw .damaged }
    (table, window) = built
  }

  /// The symbol that these bits begin with, and how many bits it takes.
  func symbol(in bits: UInt64) -> (symbol: Int, length: Int)? {
    let entry = table[Int(bits & (1 << UInt64(window) - 1))]
    return entry == 0 ? nil : (Int(entry >> 4), Int(entry & 15))
  }

  private init(table: [UInt32], window: Int) { (self.table, self.window) = (table, window) }

  private static func table(_ lengths: [UInt8]) -> ([UInt32], Int)? {
    let window = max(1, Int(lengths.max() ?? 0))
    guard window <= 15 else { return nil }
    var table = [UInt32](repeating: 0, count: 1 << window)
    var code = 0
    for length in 1...window {
      for (symbol, _) in lengths.enumerated() where lengths[symbol] == length {
        guard code < 1 << length else { return nil }
        var place = reversed(code, bits: length)
        while place < table.count {
          table[place] = UInt32(symbol) << 4 | UInt32(length)
          place += 1 << length
        }
        code += 1
      }
      code <<= 1
    }
    return (table, window)
  }

  private static func reversed(_ code: Int, bits count: Int) -> Int {
    (0..<count).reduce(0) { $0 << 1 | (code >> $1) & 1 }
  }

  /// RFC 1951, section 3.2.6.
  static let fixedLiterals = fixed((0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  static let fixedDistances = fixed(Array(repeating: 5, count: 30))

  private static func fixed(_ lengths: [UInt8]) -> PrefixCode {
    let (table, window) = table(lengths) ?? ([0, 0], 1)
    return PrefixCode(table: table, window: window)
  }
}
