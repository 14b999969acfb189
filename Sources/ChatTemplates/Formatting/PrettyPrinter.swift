/// Python's `pprint.pformat`: what fits into a line of 80 stands there, the rest has an element on each line. A pair of
/// `groupby` is a class of its own to it, and stays as `repr` has it.
struct PrettyPrinter {
  private let budget: Budget
  private var output = ""

  static func format(_ value: Value, _ budget: Budget) throws -> String {
    var printer = PrettyPrinter(budget: budget)
    try printer.write(value, indent: 0, allowance: 0, isOutermost: true)
    return printer.output
  }

  private init(budget: Budget) { self.budget = budget }

  /// - Parameter allowance: the room that what follows on the last line needs.
  private mutating func write(_ value: Value, indent: Int, allowance: Int, isOutermost: Bool = false) throws {
    let line = try oneLine(value)
    if line.unicodeScalars.count <= 80 - indent - allowance { return output += line }
    switch value {
    case .dict(let mapping): try write(mapping, indent + 1, allowance + 1)
    case .list(let items): try write(items.values, ("[", "]"), indent + 1, allowance)
    case .tuple(let items) where !items.isGroup:
      try write(items.values, ("(", items.values.count == 1 ? ",)" : ")"), indent + 1, allowance)
    case .string(let text) where !text.isMarkup:
      let shift = isOutermost ? 1 : 0
      try write(text, indent + shift, allowance + shift, inParentheses: isOutermost)
    default: output += line
    }
  }

  private mutating func write(_ mapping: Mapping, _ indent: Int, _ allowance: Int) throws {
    output += "{"
    let entries = try sorted(mapping)
    for (index, entry) in entries.enumerated() {
      let isLast = index == entries.count - 1
      let key = try oneLine(entry.key)
      output += key + ": "
      try write(
        entry.value, indent: indent + key.unicodeScalars.count + 2, allowance: isLast ? allowance : 1)
      if !isLast { try breakLine(indent) }
    }
    output += "}"
  }

  private mutating func write(
    _ values: [Value], _ brackets: (String, String), _ indent: Int, _ allowance: Int
  ) throws {
    output += brackets.0
    for (index, value) in values.enumerated() {
      if index > 0 { try breakLine(indent) }
      let isLast = index == values.count - 1
      try write(value, indent: indent, allowance: isLast ? allowance + brackets.1.utf8.count : 1)
    }
    output += brackets.1
  }

  /// A long text, as literals that Python joins: a line of the text in each, or as many words as fit.
  private mutating func write(_ text: Text, _ indent: Int, _ allowance: Int, inParentheses: Bool) throws {
    var chunks: [String] = []
    let lines = text.lines(keepingEnds: true)
    for (index, line) in lines.enumerated() {
      try budget.spend(line.utf8.count)
      let isLast = index == lines.count - 1
      let whole = line.represented
      if whole.unicodeScalars.count <= 80 - indent - (isLast ? allowance : 0) {
        chunks.append(whole)
      } else {
        chunks += words(of: line, width: 80 - indent, lastWidth: 80 - indent - (isLast ? allowance : 0))
      }
    }
    if chunks.count == 1 { return output += lines.last?.represented ?? "" }
    if inParentheses { output += "(" }
    for (index, chunk) in chunks.enumerated() {
      if index > 0 { try breakLine(indent, after: "") }
      output += chunk
    }
    if inParentheses { output += ")" }
  }

  /// Words with the space behind them, gathered up to the width.
  private func words(of line: Text, width: Int, lastWidth: Int) -> [String] {
    var rest = Array(line.scalars)[...]
    var chunks: [String] = []
    var current = String.UnicodeScalarView()
    var length = 0
    while !rest.isEmpty {
      let word = rest.prefix { !$0.isPythonSpace }
      let part = word + rest.dropFirst(word.count).prefix(while: \.isPythonSpace)
      rest = rest.dropFirst(part.count)
      // Quotes never cost less than two characters, so the spelling is asked for only near the edge.
      length += part.count
      let candidate = current + part
      let limit = rest.isEmpty ? lastWidth : width
      let fits = length + 2 <= limit && Text(String(candidate)).represented.unicodeScalars.count <= limit
      if fits {
        current = candidate
      } else {
        if !current.isEmpty { chunks.append(Text(String(current)).represented) }
        current = String.UnicodeScalarView(part)
        length = part.count
      }
    }
    if !current.isEmpty { chunks.append(Text(String(current)).represented) }
    return chunks
  }

  private mutating func breakLine(_ indent: Int, after separator: String = ",") throws {
    try budget.spendText(bytes: output.utf8.count + indent)
    output += separator + "\n" + String(repeating: " ", count: indent)
  }

  /// `repr`, with dictionaries sorted.
  private func oneLine(_ value: Value) throws -> String {
    try budget.spend()
    let line: String
    switch value {
    case .dict(let mapping):
      line =
        "{"
        + (try sorted(mapping).map { try oneLine($0.key) + ": " + oneLine($0.value) }).joined(
          separator: ", ") + "}"
    case .list(let items): line = "[" + (try items.values.map(oneLine)).joined(separator: ", ") + "]"
    case .tuple(let items) where !items.isGroup:
      line =
        "(" + (try items.values.map(oneLine)).joined(separator: ", ")
        + (items.values.count == 1 ? ",)" : ")")
    default: line = try value.represented()
    }
    try budget.spend(line.utf8.count / 16)
    return line
  }

  /// The entries in the order of their keys; keys that have no order go by the names of their types.
  private func sorted(_ mapping: Mapping) throws -> [(key: Value, value: Value)] {
    func precedes(_ a: Value, _ b: Value) -> Bool {
      (try? a.compares(.less, to: b, budget)) ?? (a.typeName < b.typeName)
    }
    let entries = mapping.entries.enumerated().sorted { a, b in
      if precedes(a.element.key, b.element.key) { return true }
      return !precedes(b.element.key, a.element.key) && a.offset < b.offset
    }
    return entries.map { ($0.element.key, $0.element.value) }
  }
}
