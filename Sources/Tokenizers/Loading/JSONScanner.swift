import JSON

/// Steps through JSON text without building values, for the long lists in `tokenizer.json`: vocabularies and merges go
/// straight from the text into tables.
struct JSONScanner {
  private let text: UnsafeBufferPointer<UInt8>
  private(set) var position = 0
  /// Where the string read last stands in the text; nil when it has escapes.
  private var plain: Range<Int>?
  /// The string read last, its escapes resolved, when it has some.
  private var resolved: [UInt8] = []

  init(_ text: UnsafeBufferPointer<UInt8>) {
    self.text = text
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// How many bytes are left.
  var remaining: Int { text.count - position }

  /// The next byte that is not white space; 0 at the end.
  @inline(__always)
  mutating func peek() -> UInt8 {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return text[position]
      }
    }
    return 0
  }

  /// Steps over `byte`.
  mutating func expect(_ byte: UInt8) throws {
    guard peek() == byte else { throw unexpected("'\(Character(Unicode.Scalar(byte)))'") }
    position += 1
  }

  /// Whether the list or object goes on: steps over the comma, or over `end`.
  mutating func goesOn(until end: UInt8) throws -> Bool {
    switch peek() {
    case UInt8(ascii: ","):
      position += 1
      return true
    case end:
      position += 1
      return false
    default: throw unexpected("',' or '\(Character(Unicode.Scalar(end)))'")
    }
  }

  /// The string read last.
  var string: String { withString { String(decoding: $0, as: UTF8.self) } }

  /// Calls `body` with the bytes of the string read last, which are those of the text where it has no escapes.
  @inline(__always)
  func withString<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
    if let plain { return try body(UnsafeBufferPointer(rebasing: text[plain])) }
    return try resolved.withUnsafeBufferPointer(body)
  }

  /// Calls `body` at the value of every member of an object, with the key as the string read last.
  mutating func members(_ body: (inout JSONScanner) throws -> Void) throws {
    try expect(UInt8(ascii: "{"))
    if peek() == UInt8(ascii: "}") {
      position += 1
      return
    }
    repeat {
      try readString()
      try expect(UInt8(ascii: ":"))
      try body(&self)
    } while try goesOn(until: UInt8(ascii: "}"))
  }

  /// Calls `body` at every element of an array.
  mutating func elements(_ body: (inout JSONScanner) throws -> Void) throws {
    try expect(UInt8(ascii: "["))
    if peek() == UInt8(ascii: "]") {
      position += 1
      return
    }
    repeat { try body(&self) } while try goesOn(until: UInt8(ascii: "]"))
  }

  /// Reads a string, for `string` and `withString`.
  mutating func readString() throws {
    try expect(UInt8(ascii: "\""))
    let start = position
    var isASCII = true
    try skipPlain(&isASCII)
    if text[position] == UInt8(ascii: "\"") {
      plain = start..<position
    } else {
      plain = nil
      resolved.removeAll(keepingCapacity: true)
      resolved.append(contentsOf: text[start..<position])
      while text[position] == UInt8(ascii: "\\") {
        position += 1
        try readEscape()
        let next = position
        try skipPlain(&isASCII)
        resolved.append(contentsOf: text[next..<position])
      }
    }
    position += 1
    if !isASCII, !withString(isValidUTF8) { throw unexpected("valid UTF-8 before this") }
  }

  /// Steps to the next quote or backslash, eight bytes at a time.
  ///
  /// A byte of `(x - 1) & ~x & 0x80` is set where x has a zero; above the first one it may be set for nothing.
  /// Source: Warren, "Hacker's Delight", section 6-1.
  @inline(__always)
  private mutating func skipPlain(_ isASCII: inout Bool) throws {
    let (ones, high): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    func zeros(_ word: UInt64) -> UInt64 { (word &- ones) & ~word }
    let raw = UnsafeRawPointer(text.baseAddress ?? UnsafePointer(emptyBytes.base))
    while position + 8 <= text.count {
      let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      let marks = zeros(word ^ ones &* 0x22) | zeros(word ^ ones &* 0x5C)
      let controls = (word &- ones &* 0x20) & ~word
      let count = ((marks | controls) & high).trailingZeroBitCount / 8
      let passed: UInt64 = count == 8 ? .max : (1 << UInt64(8 * count)) &- 1
      if word & high & passed != 0 { isASCII = false }
      position += count
      if count < 8 { break }
    }
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
      guard byte >= 0x20 else { throw unexpected("no control character") }
      if byte >= 0x80 { isASCII = false }
      position += 1
    }
    throw unexpected("'\"'")
  }

  private mutating func readEscape() throws {
    guard position < text.count else { throw unexpected("an escape") }
    position += 1
    switch text[position - 1] {
    case UInt8(ascii: "n"): resolved.append(0x0A)
    case UInt8(ascii: "t"): resolved.append(0x09)
    case UInt8(ascii: "r"): resolved.append(0x0D)
    case UInt8(ascii: "b"): resolved.append(0x08)
    case UInt8(ascii: "f"): resolved.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): resolved.append(text[position - 1])
    case UInt8(ascii: "u"):
      var scalar = try readHexadecimal()
      if (0xD800..<0xDC00).contains(scalar), position + 1 < text.count, text[position] == UInt8(ascii: "\\"),
        text[position + 1] == UInt8(ascii: "u")
      {
        let before = position
        position += 2
        let low = try readHexadecimal()
        if (0xDC00..<0xE000).contains(low) {
          scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
        } else {
          position = before
        }
      }
      append((0xD800..<0xE000).contains(scalar) ? 0xFFFD : scalar, to: &resolved)
    default: throw unexpected("an escape")
    }
  }

  private mutating func readHexadecimal() throws -> UInt32 {
    guard position + 4 <= text.count,
      let value = UInt32(String(decoding: text[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw unexpected("four hexadecimal digits") }
    position += 4
    return value
  }

  /// Reads a whole number.
  mutating func readInteger() throws -> Int {
    let start = peek() == UInt8(ascii: "-") ? position + 1 : position
    let isNegative = start != position
    position = start
    var value = 0
    while position < text.count, text[position] >= 0x30, text[position] <= 0x39, position - start < 18 {
      value = value * 10 + Int(text[position] - 0x30)
      position += 1
    }
    guard position > start else { throw unexpected("a whole number") }
    return isNegative ? -value : value
  }

  /// Reads a number as the reference implementation does: digits as a whole number, then one multiplication or
  /// division by a power of ten. The result can be off by a rounding, on which ties between scores may depend.
  mutating func readNumber() throws -> Double {
    let isNegative = peek() == UInt8(ascii: "-")
    if isNegative { position += 1 }
    var digits: UInt64 = 0
    var exponent = 0
    var count = 0
    var isFraction = false
    var isFull = false
    while position < text.count, text[position] == UInt8(ascii: ".") || isDigit(text[position]) {
      defer { position += 1 }
      if text[position] == UInt8(ascii: ".") {
        guard !isFraction else { throw unexpected("one decimal point") }
        isFraction = true
        continue
      }
      count += 1
      let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(text[position] - 0x30))
      isFull = isFull || overflow || carry
      if !isFull { digits = sum }
      if isFull != isFraction { exponent += isFull ? 1 : -1 }
    }
    guard count > 0 else { throw unexpected("a number") }
    if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < text.count, text[position] == UInt8(ascii: "+") { position += 1 }
      exponent += try readInteger()
    }
    var value = Double(digits)
    while exponent < -308, value != 0 {
      value /= 1e308
      exponent += 308
    }
    guard exponent <= 308 else { throw unexpected("a smaller number before this") }
    if exponent < 0 { value /= powersOfTen[-max(exponent, -308)] } else { value *= powersOfTen[exponent] }
    return isNegative ? -value : value
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// Reads a value of any kind.
  mutating func readValue() throws -> JSONValue {
    _ = peek()
    let start = position
    try skipValue()
    do {
      return try JSONValue.parse(UnsafeBufferPointer(rebasing: text[start..<position]))
    } catch {
      throw TokenizerError("\(error), in the value at byte \(start)")
    }
  }

  /// Steps over a value of any kind, trusting that it is well formed.
  mutating func skipValue() throws {
    var depth = 0
    repeat {
      switch peek() {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        position += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard depth > 0 else { throw unexpected("a value") }
        position += 1
      case UInt8(ascii: "\""): try skipString()
      case 0: throw unexpected("a value")
      default:
        while position < text.count, !Self.endsScalar(text[position]) { position += 1 }
      }
    } while depth > 0
  }

  private mutating func skipString() throws {
    position += 1
    while position < text.count, text[position] != UInt8(ascii: "\"") {
      position += text[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard position < text.count else { throw unexpected("'\"'") }
    position += 1
  }

  private static func endsScalar(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "}"), UInt8(ascii: "]"),
      UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""):
      true
    default: false
    }
  }

  /// The error for something else than `wanted` at this place.
  func unexpected(_ wanted: String) -> TokenizerError {
    let found = position < text.count ? "byte \(text[position])" : "the end"
    return TokenizerError("\(found), at byte \(position) of the JSON text: \(wanted) is needed here")
  }
}

private let powersOfTen: [Double] = (0...308).map { Double("1e\($0)") ?? .infinity }
