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
  // The end is read as one word or two that may overlap what came before.
  var tail: UInt64 = 0
  if count >= 8 {
    var position = 0
    while position + 8 < count {
      let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      state = mixed(state ^ word, 0xA076_1D64_78BD_642F)
      position += 8
    }
    tail = raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
  } else if count >= 4 {
    let (first, last) = (
      raw.loadUnaligned(as: UInt32.self), raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
    )
    tail = UInt64(first) << 32 | UInt64(last)
  } else if count > 0 {
    tail = UInt64(bytes[0]) << 16 | UInt64(bytes[count / 2]) << 8 | UInt64(bytes[count - 1])
  }
  return mixed(state ^ tail, 0xE703_7ED1_A0B4_28DB)
}
