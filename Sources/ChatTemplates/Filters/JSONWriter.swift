/// `json.dumps` as transformers' `tojson` filter calls it.
struct JSONWriter {
  private let ensuresASCII: Bool
  private let indent: String?
  private let itemSeparator: String
  private let keySeparator: String
  private let sortsKeys: Bool
  private let budget: Budget

  init(_ arguments: Bound, _ budget: Budget) throws {
    self.budget = budget
    ensuresASCII = arguments.flag(0)
    sortsKeys = arguments.flag(3)
    switch arguments.value(1) {
    case .none: indent = nil
    case .string(let text): indent = text.string
    case let width:
      let count = max(0, try width.index())
      try budget.spendText(bytes: count)
      indent = String(repeating: " ", count: count)
    }
    let separators = try JSONWriter.separators(arguments.value(2), budget)
    itemSeparator = separators?.item ?? (indent == nil ? ", " : ",")
    keySeparator = separators?.key ?? ": "
  }

  private static func separators(_ value: Value, _ budget: Budget) throws -> (item: String, key: String)? {
    if value.isNone { return nil }
    let texts = try value.elements(budget).map { value -> String in
      guard case .string(let text) = value else {
        throw ChatTemplateError("separators must be two strings, not \(value.typeName)")
      }
      return text.string
    }
    guard texts.count == 2 else {
      throw ChatTemplateError("not enough values to unpack (expected 2, got \(texts.count))")
    }
    return (texts[0], texts[1])
  }

  func text(of value: Value) throws -> String {
    var output = ""
    try write(value, depth: 0, to: &output)
    return output
  }

  private func write(_ value: Value, depth: Int, to output: inout String) throws {
    try budget.spend()
    switch value {
    case .none: output += "null"
    case .bool(let flag): output += flag ? "true" : "false"
    case .int(let number): output += try number.checkedDescription()
    case .float(let number): output += JSONWriter.spelling(of: number)
    case .string(let text): try write(text, to: &output)
    case .list(let items), .tuple(let items):
      try write(items.values, in: ("[", "]"), depth: depth, to: &output) {
        try write($0, depth: depth + 1, to: &$1)
      }
    case .dict(let mapping):
      try write(try entries(of: mapping), in: ("{", "}"), depth: depth, to: &output) { entry, output in
        try write(entry.key, to: &output)
        output += keySeparator
        try write(entry.value, depth: depth + 1, to: &output)
      }
    default: throw ChatTemplateError("Object of type \(value.typeName) is not JSON serializable")
    }
  }

  private func write<Element>(
    _ elements: [Element], in brackets: (String, String), depth: Int, to output: inout String,
    _ writeElement: (Element, inout String) throws -> Void
  ) throws {
    output += brackets.0
    for (index, element) in elements.enumerated() {
      if index > 0 { output += itemSeparator }
      try breakLine(depth + 1, &output)
      try writeElement(element, &output)
    }
    if !elements.isEmpty { try breakLine(depth, &output) }
    output += brackets.1
  }

  private func breakLine(_ depth: Int, _ output: inout String) throws {
    guard let indent else { return }
    try budget.spendText(bytes: indent.utf8.count, times: depth)
    try budget.spendText(bytes: output.utf8.count + indent.utf8.count * depth, times: 0)
    output += "\n" + String(repeating: indent, count: depth)
  }

  private func entries(of mapping: Mapping) throws -> [(key: Text, value: Value)] {
    var entries = mapping.entries
    if sortsKeys {
      let keys = entries.map(\.key)
      let order = try Value.sorted(entries.indices.map { .int($0) }, by: keys, reverse: false, budget)
      entries = try order.map { entries[try $0.index()] }
    }
    return try entries.map { (try JSONWriter.name(of: $0.key), $0.value) }
  }

  private static func name(of key: Value) throws -> Text {
    switch key {
    case .string(let text): return text
    case .none: return "null"
    case .bool(let flag): return flag ? "true" : "false"
    case .int(let number): return Text(try number.checkedDescription())
    case .float(let number): return Text(spelling(of: number))
    default:
      throw ChatTemplateError("keys must be str, int, float, bool or None, not \(key.typeName)")
    }
  }

  private static func spelling(of number: Double) -> String {
    number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : number.represented
  }

  private func write(_ text: Text, to output: inout String) throws {
    try budget.spend(text.utf8.count / 8)
    var escaped = String.UnicodeScalarView("\"".unicodeScalars)
    for scalar in text.scalars {
      switch scalar {
      case "\"", "\\": escaped.append(contentsOf: ["\\", scalar])
      case "\n": escaped.append(contentsOf: "\\n".unicodeScalars)
      case "\r": escaped.append(contentsOf: "\\r".unicodeScalars)
      case "\t": escaped.append(contentsOf: "\\t".unicodeScalars)
      case "\u{8}": escaped.append(contentsOf: "\\b".unicodeScalars)
      case "\u{C}": escaped.append(contentsOf: "\\f".unicodeScalars)
      case _ where scalar.value < 0x20 || ensuresASCII && scalar.value > 0x7E:
        for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
          let digits = String(unit, radix: 16)
          escaped.append(
            contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).unicodeScalars
          )
        }
      default: escaped.append(scalar)
      }
    }
    escaped.append("\"")
    output.unicodeScalars.append(contentsOf: escaped)
  }
}
