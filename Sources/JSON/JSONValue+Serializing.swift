/// Writing JSON, byte for byte as Python's `json.dumps` does.
extension JSONValue {
  /// The value as JSON text.
  ///
  /// - Parameters:
  ///   - indent: spaces per level, each member on a line of its own; nil for one line (`indent`).
  ///   - sortedKeys: whether members are ordered by code point (`sort_keys`).
  ///   - ascii: whether everything beyond ASCII is escaped (`ensure_ascii`).
  ///   - compact: whether separators carry no spaces (`separators=(",", ":")`).
  public func serialized(
    indent: Int? = nil, sortedKeys: Bool = false, ascii: Bool = true, compact: Bool = false
  ) -> String {
    var writer = JSONWriter(indent: indent, sortedKeys: sortedKeys, ascii: ascii, compact: compact)
    writer.write(self, depth: 0)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

private struct JSONWriter {
  let indent: Int?
  let sortedKeys: Bool
  let ascii: Bool
  let compact: Bool
  var bytes: [UInt8] = []

  init(indent: Int?, sortedKeys: Bool, ascii: Bool, compact: Bool) {
    self.indent = indent.map { max($0, 0) }
    self.sortedKeys = sortedKeys
    self.ascii = ascii
    self.compact = compact
  }

  mutating func write(_ value: JSONValue, depth: Int) {
    switch value {
    case .null: put("null")
    case .bool(let value): put(value ? "true" : "false")
    case .number(let value): bytes.append(contentsOf: value.literal.utf8)
    case .string(let value): write(value)
    case .array(let elements):
      writeList(elements, opening: "[", closing: "]", depth: depth) { writer, element in
        writer.write(element, depth: depth + 1)
      }
    case .object(let object):
      let members = sortedKeys ? object.sorted { ByteString($0.key) < ByteString($1.key) } : object.members
      writeList(members, opening: "{", closing: "}", depth: depth) { writer, member in
        writer.write(member.key)
        writer.put(writer.compact ? ":" : ": ")
        writer.write(member.value, depth: depth + 1)
      }
    }
  }

  private mutating func writeList<Element>(
    _ elements: [Element], opening: StaticString, closing: StaticString, depth: Int,
    _ write: (inout JSONWriter, Element) -> Void
  ) {
    put(opening)
    for (index, element) in elements.enumerated() {
      if index > 0 { put(compact || indent != nil ? "," : ", ") }
      breakLine(depth + 1)
      write(&self, element)
    }
    if !elements.isEmpty { breakLine(depth) }
    put(closing)
  }

  private mutating func breakLine(_ depth: Int) {
    guard let indent else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * depth))
  }

  private mutating func put(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }
}

/// Strings and their escapes.
extension JSONWriter {
  private mutating func write(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": put("\\\"")
      case "\\": put("\\\\")
      case "\n": put("\\n")
      case "\r": put("\\r")
      case "\t": put("\\t")
      case "\u{08}": put("\\b")
      case "\u{0C}": put("\\f")
      case "\u{20}"..."\u{7E}": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      default:
        if ascii || scalar.value < 0x20 {
          for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter { putEscape(unit) }
        } else {
          bytes.append(contentsOf: scalar.utf8)
        }
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func putEscape(_ unit: UInt16) {
    put("\\u")
    for shift in [12, 8, 4, 0] as [UInt16] {
      let digit = UInt8(truncatingIfNeeded: unit >> shift & 0xF)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}
