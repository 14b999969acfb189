/// SHA-1 of bytes that come piece by piece: what git names small files with. It tells damage, not malice.
///
/// Source: FIPS 180-4, section 6.1.
struct SHA1: Digest {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0
  )
  private var blocks = BlockBuffer()
  private var words = [UInt32](repeating: 0, count: 80)

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var blocks = self.blocks
    blocks.append(bytes) { compress($0) }
    self.blocks = blocks
  }

  mutating func finish() -> [UInt8] {
    var blocks = self.blocks
    blocks.pad { compress($0) }
    self.blocks = blocks
    return bigEndian([state.0, state.1, state.2, state.3, state.4])
  }

  private mutating func compress(_ block: UnsafeRawPointer) {
    var (a, b, c, d, e) = state
    words.withUnsafeMutableBufferPointer { words in
      for i in 0..<16 {
        words[i] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))
      }
      for i in 16..<80 {
        words[i] = rotated(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 31)
      }
      for i in 0..<80 {
        let (mixed, constant): (UInt32, UInt32) =
          switch i {
          case ..<20: ((b & c) | (~b & d), 0x5a82_7999)
          case ..<40: (b ^ c ^ d, 0x6ed9_eba1)
          case ..<60: ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc)
          default: (b ^ c ^ d, 0xca62_c1d6)
          }
        let next = rotated(a, 27) &+ mixed &+ e &+ constant &+ words[i]
        (e, d, c, b, a) = (d, c, rotated(b, 2), a, next)
      }
    }
    state.0 &+= a
    state.1 &+= b
    state.2 &+= c
    state.3 &+= d
    state.4 &+= e
  }
}
