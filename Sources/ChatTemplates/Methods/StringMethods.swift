/// The methods of Python's `str`.
enum StringMethods {
  static func method(_ name: Text, of receiver: Text) -> Value? {
    guard let builtin = table[name] else { return nil }
    return .function(
      NativeFunction(name.string) { arguments, interpreter in
        try interpreter.budget.spendReading(.string(receiver))
        return try builtin.call(receiver, as: name, arguments, in: interpreter)
      })
  }

  private static let table: [Text: Builtin<Text>] =
    cases
    .merging(cutting) { $1 }
    .merging(encoding) { $1 }
    .merging(finding) { $1 }
    .merging(padding) { $1 }
    .merging(questions) { $1 }
    .merging(translation) { $1 }

  private static let cases: [Text: Builtin<Text>] = [
    "capitalize": Builtin { text, _, _ in .string(text.capitalized()) },
    "casefold": Builtin { text, _, _ in .string(text.caseFolded()) },
    "lower": Builtin { text, _, _ in .string(text.lowercased()) },
    "upper": Builtin { text, _, _ in .string(text.uppercased()) },
    "swapcase": Builtin { text, _, _ in .string(text.swappedCase()) },
    "title": Builtin { text, _, _ in .string(text.titlecased()) },
    "format": .variadic { text, arguments, interpreter in
      var format = BraceFormat(arguments.all, in: interpreter)
      return .string(try format.format(text).marked(like: text))
    },
    "format_map": .positional("mapping") { text, arguments, interpreter in
      var given = Arguments()
      guard case .dict(let mapping) = arguments.value(0) else {
        throw ChatTemplateError("format_map() argument must be a mapping")
      }
      for case (.string(let name), let value) in mapping.entries { try given.add(name, value) }
      var format = BraceFormat(given, in: interpreter)
      return .string(try format.format(text).marked(like: text))
    },
    "replace": .positional("old", "new", "count?") { text, arguments, interpreter in
      let limit = try arguments.int(2, default: -1)
      return .string(
        try text.replaced(
          try arguments.text(0), with: try arguments.text(1), limit: limit, interpreter.budget))
    },
    "join": .positional("iterable") { text, arguments, interpreter in
      var pieces: [Text] = []
      for (index, value) in try arguments.value(0).elements(interpreter.budget).enumerated() {
        guard case .string(let piece) = value else {
          throw ChatTemplateError("sequence item \(index): expected str instance, \(value.typeName) found")
        }
        pieces.append(text.isMarkup ? piece.escaped() : piece)
      }
      return .string(try Text.joined(pieces, by: text, interpreter.budget))
    },
  ]
}

extension Text {
  /// `str.replace`, paid for; a negative limit is none. Replacing in markup escapes what comes in.
  func replaced(_ old: Text, with new: Text, limit: Int, _ budget: Budget) throws -> Text {
    let new = isMarkup ? new.escaped() : new
    let matches =
      old.isEmpty
      ? count + 1 : Finder(Array(old.utf8)).all(in: Array(utf8), limit: limit < 0 ? .max : limit).count
    if matches == 0 { return self }
    let grown = max(0, new.utf8.count - old.utf8.count)
    try budget.spendText(bytes: grown, times: matches)
    try budget.spendText(bytes: utf8.count + grown * matches)
    return replacing(old, with: new, limit: limit < 0 ? .max : limit)
  }

  static func joined(_ pieces: [Text], by separator: Text, _ budget: Budget) throws -> Text {
    try budget.spendText(bytes: separator.utf8.count, times: pieces.count)
    try budget.spendText(bytes: pieces.reduce(0) { $0 + $1.utf8.count })
    return Text(pieces.map(\.string).joined(separator: separator.string)).marked(like: separator)
  }
}
