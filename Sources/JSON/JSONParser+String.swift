/// The grammar of strings and their escapes.
extension JSONParser {
  /// The string whose opening quote is next. The bytes are already known to be UTF-8.
  mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    try skipPlainBytes()
    let plain = UnsafeBufferPointer(rebasing: bytes[start..<position])
    if byte(at: position) == UInt8(ascii: "\"") {
      position += 1
      return String(decoding: plain, as: UTF8.self)
    }
    var unescaped = Array(plain)
    while byte(at: position) != UInt8(ascii: "\"") {
      try escape(into: &unescaped)
      let run = position
      try skipPlainBytes()
      unescaped.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[run..<position]))
    }
    position += 1
    return String(decoding: unescaped, as: UTF8.self)
  }

  /// Stops at a quote or a backslash.
  @inline(__always)
  private mutating func skipPlainBytes() throws(JSONError) {
    while true {
      let byte = byte(at: position)
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
      guard byte >= 0x20 else {
        throw position < bytes.count
          ? error("a control character in a string must be escaped") : expected("'\"'")
      }
      position += 1
    }
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
    let letter = byte(at: position + 1)
    let plain: UInt8
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = letter
    case UInt8(ascii: "b"): plain = 0x08
    case UInt8(ascii: "f"): plain = 0x0C
    case UInt8(ascii: "n"): plain = 0x0A
    case UInt8(ascii: "r"): plain = 0x0D
    case UInt8(ascii: "t"): plain = 0x09
    case UInt8(ascii: "u"):
      text.append(contentsOf: try escapedScalar().utf8)
      return
    default: throw error("invalid escape in a string")
    }
    text.append(plain)
    position += 2
  }

  /// `\uXXXX`, or two of them that form a surrogate pair.
  private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
    let first = try codeUnit(at: position)
    position += 6
    if UTF16.isLeadSurrogate(first), byte(at: position) == UInt8(ascii: "\\"),
      byte(at: position + 1) == UInt8(ascii: "u")
    {
      let second = try codeUnit(at: position)
      if UTF16.isTrailSurrogate(second) {
        position += 6
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
      }
    }
    return Unicode.Scalar(first) ?? "\u{FFFD}"
  }

  private func codeUnit(at start: Int) throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for index in start + 2..<start + 6 {
      let byte = byte(at: index)
      let lower = byte | 0x20
      if isDigit(byte) {
        unit = unit << 4 | UInt16(byte - UInt8(ascii: "0"))
      } else if (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(lower) {
        unit = unit << 4 | UInt16(lower - UInt8(ascii: "a") + 10)
      } else {
        throw error("expected four hexadecimal digits after \\u", at: start)
      }
    }
    return unit
  }
}
