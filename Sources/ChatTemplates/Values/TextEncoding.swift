/// The encodings between texts and bytes that templates may name, under the names that Python has for them.
enum TextEncoding {
  case utf8, ascii, latin1

  /// - Throws: `ChatTemplateError` for another.
  init(_ name: Text) throws {
    switch name.string.lowercased().replacing("_", with: "-") {
    case "utf-8", "utf8", "u8": self = .utf8
    case "ascii", "us-ascii", "646": self = .ascii
    case "latin-1", "latin1", "latin", "iso-8859-1", "iso8859-1", "l1": self = .latin1
    default: throw ChatTemplateError("unknown encoding: \(name.string)")
    }
  }

  var name: String {
    switch self {
    case .utf8: "utf-8"
    case .ascii: "ascii"
    case .latin1: "latin-1"
    }
  }

  /// The scalars that one byte stands for are those below this.
  private var limit: UInt32 { self == .latin1 ? 0x100 : 0x80 }

  /// - Throws: `ChatTemplateError` for a character that the encoding lacks, unless `errors` says what to do.
  func encode(_ text: Text, errors: Text) throws -> Bytes {
    if self == .utf8 { return Bytes(values: Array(text.utf8)) }
    var bytes: [UInt8] = []
    for (position, scalar) in text.scalars.enumerated() {
      if scalar.value < limit {
        bytes.append(UInt8(scalar.value))
        continue
      }
      switch errors.string {
      case "strict":
        throw ChatTemplateError(
          "'\(name)' codec can't encode character '\(scalar.escaped)' in position \(position): "
            + "ordinal not in range(\(limit))")
      case "ignore": break
      case "replace": bytes.append(0x3F)
      case "backslashreplace": bytes += scalar.escaped.utf8
      case "xmlcharrefreplace": bytes += "&#\(scalar.value);".utf8
      default: throw Self.unknown(errors)
      }
    }
    return Bytes(values: bytes)
  }

  /// - Throws: `ChatTemplateError` for bytes that are no text, unless `errors` says what to do.
  func decode(_ bytes: Bytes, errors: Text) throws -> Text {
    if self == .latin1 { return Text(bytes.values.map { Unicode.Scalar($0) }) }
    var scalars: [Unicode.Scalar] = []
    var position = 0
    while position < bytes.values.count {
      let rest = bytes.values[position...]
      if let (scalar, length) = self == .ascii ? Self.ascii(rest) : Self.scalar(rest) {
        scalars.append(scalar)
        position += length
        continue
      }
      let length = self == .ascii ? 1 : Self.begun(rest)
      switch errors.string {
      case "strict":
        throw undecodable(rest.prefix(length), isEnd: rest.count == length)
      case "ignore": break
      case "replace": scalars.append("\u{FFFD}")
      case "backslashreplace":
        for byte in rest.prefix(length) { scalars += Unicode.Scalar(byte).escaped.unicodeScalars }
      default: throw Self.unknown(errors)
      }
      position += length
    }
    return Text(scalars)
  }

  /// - Parameter isEnd: whether nothing follows the damage.
  private func undecodable(_ bytes: ArraySlice<UInt8>, isEnd: Bool) -> ChatTemplateError {
    let (first, last) = (bytes.startIndex, bytes.endIndex - 1)
    let place =
      first == last
      ? "byte 0x\(String(bytes[first], radix: 16)) in position \(first)"
      : "bytes in position \(first)-\(last)"
    let canBegin = (0xC2...0xF4).contains(bytes[first])
    let reason =
      self == .ascii
      ? "ordinal not in range(128)"
      : !canBegin ? "invalid start byte" : isEnd ? "unexpected end of data" : "invalid continuation byte"
    return ChatTemplateError("'\(name)' codec can't decode \(place): \(reason)")
  }

  private static func unknown(_ errors: Text) -> ChatTemplateError {
    ChatTemplateError("unknown error handler name \(errors.represented)")
  }

  private static func ascii(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar, Int)? {
    bytes.first.flatMap { $0 < 0x80 ? (Unicode.Scalar($0), 1) : nil }
  }

  /// The character that the bytes begin with, and how many of them it takes; nil when they begin with none.
  private static func scalar(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar, Int)? {
    var decoder = UTF8()
    var iterator = bytes.prefix(4).makeIterator()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
    return (scalar, UTF8.width(scalar))
  }

  /// How many bytes begin a character without completing it, at least one: what is damaged together.
  private static func begun(_ bytes: ArraySlice<UInt8>) -> Int {
    for count in stride(from: min(3, bytes.count), to: 1, by: -1) {
      let part = bytes.prefix(count)
      // What a fitting end makes a character is the beginning of one.
      for end in [[0x80], [0xBF], [0x80, 0x80], [0xBF, 0xBF]] as [[UInt8]] where scalar(part + end) != nil {
        return count
      }
    }
    return 1
  }
}
