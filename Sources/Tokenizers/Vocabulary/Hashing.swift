/// Hashing of byte strings and pairs for the open-addressing tables.

/// Mixes two words into one by multiplying them and folding the product.
@inline(__always)
func mixed(_ left: UInt64, _ right: UInt64) -> UInt64 {
  let product = left.multipliedFullWidth(by: right)
  return product.high ^ product.low
}

/// A hash of `count` bytes, which need not be aligned.
@inline(__always)
func hash(_ bytes: UnsafePointer<UInt8>, count: Int) -> UInt64 {
  let raw = UnsafeRawPointer(bytes)
  var state = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: count)
  var position = 0
  while position + 8 <= count {
    let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
    state = mixed(state ^ word, 0xA076_1D64_78BD_642F)
    position += 8
  }
  var tail: UInt64 = 0
  while position < count {
    tail = tail << 8 | UInt64(bytes[position])
    position += 1
  }
  return mixed(state ^ tail, 0xE703_7ED1_A0B4_28DB)
}
