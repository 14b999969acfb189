/// A hash of bytes that come piece by piece.
protocol Digest {
  init()
  mutating func update(_ bytes: UnsafeRawBufferPointer)
  /// The hash of everything; nothing may follow.
  mutating func finish() -> [UInt8]
}

extension Digest {
  mutating func update(_ text: String) { Array(text.utf8).withUnsafeBytes { update($0) } }

  mutating func hexadecimal() -> String {
    finish().map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}

/// Cuts what comes into the blocks of 64 bytes that both hashes work on, and pads the last.
struct BlockBuffer {
  private var pending: [UInt8] = []
  private var count: UInt64 = 0
  private static let size = 64

  mutating func append(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawPointer) -> Void) {
    count &+= UInt64(bytes.count)
    var rest = bytes[...]
    if !pending.isEmpty {
      let taken = rest.prefix(Self.size - pending.count)
      pending += taken
      rest = rest.dropFirst(taken.count)
      guard pending.count == Self.size else { return }
      pending.withUnsafeBytes { block in block.baseAddress.map(body) }
      pending.removeAll(keepingCapacity: true)
    }
    let whole = UnsafeRawBufferPointer(rebasing: rest)
    let blocks = whole.count / Self.size
    if let start = whole.baseAddress {
      for block in 0..<blocks { body(start + block * Self.size) }
    }
    pending += whole[(blocks * Self.size)...]
  }

  /// A one, zeros, and the length in bits (FIPS 180-4, section 5.1.1).
  mutating func pad(_ body: (UnsafeRawPointer) -> Void) {
    let bits = count &* 8
    let zeros = (Self.size * 2 - 9 - pending.count) % Self.size
    var end: [UInt8] = [0x80] + [UInt8](repeating: 0, count: zeros)
    for shift in stride(from: 56, through: 0, by: -8) { end.append(UInt8(truncatingIfNeeded: bits >> shift)) }
    end.withUnsafeBytes { append($0, body) }
  }
}

@inline(__always)
func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word &>> count | word &<< (32 &- count) }

func bigEndian(_ words: [UInt32]) -> [UInt8] {
  words.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
}
