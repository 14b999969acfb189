/// Reading and writing UTF-8 scalar by scalar, over bytes known to be valid and followed by padding.

/// How many zero bytes follow every text, so that words can be loaded at its end without overrunning it.
let textPadding = 16

/// The scalar that begins at `position`, and its length in bytes.
@inline(__always)
func scalar(_ bytes: UnsafePointer<UInt8>, at position: Int) -> (value: UInt32, length: Int) {
  let first = UInt32(bytes[position])
  if first < 0x80 { return (first, 1) }
  let second = UInt32(bytes[position + 1] & 0x3F)
  if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
  let third = UInt32(bytes[position + 2] & 0x3F)
  if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
  let fourth = UInt32(bytes[position + 3] & 0x3F)
  return ((first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
}

/// The position at which the scalar before `position` begins; not before `lowerBound`.
@inline(__always)
func scalarStart(_ bytes: UnsafePointer<UInt8>, before position: Int, notBefore lowerBound: Int) -> Int {
  var start = position - 1
  while start > lowerBound, isContinuation(bytes[start]) { start -= 1 }
  return start
}

/// Whether a byte continues a scalar rather than beginning one.
@inline(__always)
func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

/// How many bytes a scalar takes.
@inline(__always)
func utf8Length(_ scalar: UInt32) -> Int {
  scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
}

/// How many bytes the scalar that begins with `byte` takes.
@inline(__always)
func utf8Length(leading byte: UInt8) -> Int { byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4 }

/// Adds the UTF-8 of `scalar` to `bytes`.
@inline(__always)
func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
  if scalar < 0x80 {
    bytes.append(UInt8(truncatingIfNeeded: scalar))
    return
  }
  if scalar < 0x800 {
    bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
  } else {
    if scalar < 0x10000 {
      bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
    } else {
      bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
    }
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
  }
  bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
}

/// The scalars of a string, as numbers.
func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

/// Whether bytes are well-formed UTF-8 (Unicode Standard, table 3-7).
func isValidUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
  var position = 0
  while position < bytes.count {
    let first = bytes[position]
    position += 1
    if first < 0x80 { continue }
    guard first >= 0xC2, first <= 0xF4 else { return false }
    let following = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3
    guard position + following <= bytes.count else { return false }
    let second = bytes[position]
    switch first {
    case 0xE0: guard (0xA0...0xBF).contains(second) else { return false }
    case 0xED: guard (0x80...0x9F).contains(second) else { return false }
    case 0xF0: guard (0x90...0xBF).contains(second) else { return false }
    case 0xF4: guard (0x80...0x8F).contains(second) else { return false }
    default: guard isContinuation(second) else { return false }
    }
    for next in 1..<max(following, 1) where !isContinuation(bytes[position + next]) { return false }
    position += following
  }
  return true
}

/// How many bytes at the end begin a character without completing it.
func countOfBegunCharacter(_ bytes: [UInt8]) -> Int {
  for count in 1...3 where count <= bytes.count {
    let begun = bytes.suffix(count)
    guard let first = begun.first, !isContinuation(first) else { continue }
    let missing = utf8Length(leading: first) - count
    guard missing > 0 else { return 0 }
    if count == 1 { return (0xC2...0xF4).contains(first) ? 1 : 0 }
    // Which bytes may come third or fourth does not depend on those before.
    let whole = Array(begun) + [UInt8](repeating: 0x80, count: missing)
    return whole.withUnsafeBufferPointer(isValidUTF8) ? count : 0
  }
  return 0
}
