/// Python's `bytes`, which `encode` makes of a text.
struct Bytes: Hashable {
  let values: [UInt8]

  /// As `repr` writes it: `b'...'` with what is not ASCII, or not printed, as `\\xhh`.
  var represented: String {
    let quote = values.contains(0x27) && !values.contains(0x22) ? "\"" : "'"
    return "b" + quote + values.map { Self.spelled($0, in: quote) }.joined() + quote
  }

  private static func spelled(_ byte: UInt8, in quote: String) -> String {
    switch byte {
    case 0x09: return "\\t"
    case 0x0A: return "\\n"
    case 0x0D: return "\\r"
    case 0x5C: return "\\\\"
    case 0x27 where quote == "'": return "\\'"
    case 0x20...0x7E: return String(Unicode.Scalar(byte))
    default: return Unicode.Scalar(byte).escaped
    }
  }

  /// Whether `part` stands somewhere in a row.
  func contains(_ part: Bytes) -> Bool {
    part.values.isEmpty || !Finder(part.values).all(in: values, limit: 1).isEmpty
  }
}
