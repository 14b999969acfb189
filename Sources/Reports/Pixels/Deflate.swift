/// Compresses bytes as DEFLATE does (RFC 1951), with its fixed codes and matches found through a hash table.
///
/// A chart is mostly flat colour, for which this is within a small factor of the best.

struct Deflate {
  private var output: [UInt8] = []
  private var bits: UInt64 = 0
  private var bitCount = 0

  /// `input` as one zlib stream (RFC 1950).
  static func zlib(_ input: [UInt8]) -> [UInt8] {
    var deflate = Deflate()
    deflate.compress(input)
    let checksum = Checksums.adler32(input)
    return [0x78, 0x01] + deflate.output
      + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (24 - 8 * $0)) }
  }

  private mutating func compress(_ input: [UInt8]) {
    put(1, bits: 1)  // the last block
    put(1, bits: 2)  // fixed codes
    var heads = [Int](repeating: -1, count: 1 << 15)
    var position = 0
    while position < input.count {
      let length = match(in: input, at: position, heads: &heads)
      if let length {
        putLength(length.count)
        putDistance(length.distance)
        position += length.count
      } else {
        putLiteral(Int(input[position]))
        position += 1
      }
    }
    putLiteral(256)  // end of block
    if bitCount > 0 { put(0, bits: 8 - bitCount % 8) }
  }

  /// The longer of two matches: with the byte just before, as flat colour has it, and with the last place that
  /// began with the same three bytes.
  private func match(in input: [UInt8], at position: Int, heads: inout [Int]) -> (count: Int, distance: Int)?
  {
    guard position + 3 <= input.count else { return nil }
    let three = UInt32(input[position]) | UInt32(input[position + 1]) << 8 | UInt32(input[position + 2]) << 16
    let hash = Int((three &* 2_654_435_761) >> 17)
    let candidate = heads[hash]
    heads[hash] = position
    let run = matchLength(in: input, at: position, from: position - 1)
    let repeated = position - candidate <= 32_768 ? matchLength(in: input, at: position, from: candidate) : 0
    if run >= 3, run >= repeated { return (run, 1) }
    return repeated >= 3 ? (repeated, position - candidate) : nil
  }

  private func matchLength(in input: [UInt8], at position: Int, from candidate: Int) -> Int {
    guard candidate >= 0 else { return 0 }
    let limit = min(258, input.count - position)
    var count = 0
    while count < limit, input[candidate + count] == input[position + count] { count += 1 }
    return count
  }

  /// A literal or length symbol in the fixed code of RFC 1951, section 3.2.6.
  private mutating func putLiteral(_ symbol: Int) {
    switch symbol {
    case ..<144: putCode(0b0011_0000 + symbol, bits: 8)
    case ..<256: putCode(0b1_1001_0000 + symbol - 144, bits: 9)
    case ..<280: putCode(symbol - 256, bits: 7)
    default: putCode(0b1100_0000 + symbol - 280, bits: 8)
    }
  }

  private mutating func putLength(_ length: Int) {
    if length == 258 { return putLiteral(285) }
    // Four symbols for each number of extra bits, from length 3 on.
    let value = length - 3
    let extra = value < 8 ? 0 : Int.bitWidth - value.leadingZeroBitCount - 3
    putLiteral(257 + extra * 4 + (value >> extra))
    put(UInt64(value & ((1 << extra) - 1)), bits: extra)
  }

  private mutating func putDistance(_ distance: Int) {
    let value = distance - 1
    let extra = value < 4 ? 0 : Int.bitWidth - value.leadingZeroBitCount - 2
    putCode(extra * 2 + (value >> extra), bits: 5)
    put(UInt64(value & ((1 << extra) - 1)), bits: extra)
  }

  /// Writes a prefix code, whose most significant bit comes first.
  private mutating func putCode(_ code: Int, bits count: Int) {
    var reversed: UInt64 = 0
    for bit in 0..<count { reversed |= UInt64((code >> bit) & 1) << UInt64(count - 1 - bit) }
    put(reversed, bits: count)
  }

  private mutating func put(_ value: UInt64, bits count: Int) {
    bits |= value << UInt64(bitCount)
    bitCount += count
    while bitCount >= 8 {
      output.append(UInt8(truncatingIfNeeded: bits))
      bits >>= 8
      bitCount -= 8
    }
  }
}
