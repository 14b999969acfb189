/// The grammar of numbers.

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

extension JSONParser {
  /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, or Python's `-Infinity`.
  mutating func number() throws(JSONError) -> JSONNumber {
    let start = position
    if byte(at: position) == UInt8(ascii: "-") {
      position += 1
      if take("Infinity") { return JSONNumber(literal: "-Infinity") }
    }
    if byte(at: position) == UInt8(ascii: "0") {
      position += 1
      guard !isDigit(byte(at: position)) else { throw error("a number may not begin with 0") }
    } else {
      try digits()
    }
    if byte(at: position) == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if byte(at: position) | 0x20 == UInt8(ascii: "e") {
      position += 1
      let sign = byte(at: position)
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    let literal = UnsafeBufferPointer(rebasing: bytes[start..<position])
    return JSONNumber(literal: String(decoding: literal, as: UTF8.self))
  }

  private mutating func digits() throws(JSONError) {
    guard isDigit(byte(at: position)) else { throw expected("a digit") }
    while isDigit(byte(at: position)) { position += 1 }
  }
}
