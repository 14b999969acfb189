/// The methods of `str` that take parts of it.

extension StringMethods {
  static let cutting: [Text: Builtin<Text>] = [
    "strip": .positional("chars?") { text, arguments, _ in try trim(text, .both, arguments) },
    "lstrip": .positional("chars?") { text, arguments, _ in try trim(text, .leading, arguments) },
    "rstrip": .positional("chars?") { text, arguments, _ in try trim(text, .trailing, arguments) },
    "removeprefix": .positional("prefix") { text, arguments, _ in
      let prefix = try arguments.text(0)
      return .string(
        text.hasPrefix(prefix) ? Text(utf8: text.utf8.dropFirst(prefix.utf8.count)).marked(like: text) : text)
    },
    "removesuffix": .positional("suffix") { text, arguments, _ in
      let suffix = try arguments.text(0)
      return .string(
        text.hasSuffix(suffix) ? Text(utf8: text.utf8.dropLast(suffix.utf8.count)).marked(like: text) : text)
    },
    "split": Builtin("sep?", "maxsplit?") { text, arguments, interpreter in
      try split(text, arguments, fromEnd: false, interpreter)
    },
    "rsplit": Builtin("sep?", "maxsplit?") { text, arguments, interpreter in
      try split(text, arguments, fromEnd: true, interpreter)
    },
    "splitlines": Builtin("keepends?") { text, arguments, interpreter in
      try list(text.lines(keepingEnds: arguments.flag(0)), interpreter)
    },
    "partition": .positional("sep") { text, arguments, _ in try partition(text, arguments, fromEnd: false) },
    "rpartition": .positional("sep") { text, arguments, _ in try partition(text, arguments, fromEnd: true) },
  ]

  private static func trim(_ text: Text, _ ends: Text.Ends, _ arguments: Bound) throws -> Value {
    guard let characters = try arguments.optionalText(0) else { return .string(text.trimmed(ends)) }
    let set = Set(characters.scalars)
    return .string(text.trimmed(ends) { set.contains($0) })
  }

  private static func list(_ pieces: [Text], _ interpreter: Interpreter) throws -> Value {
    try interpreter.budget.spendElements(1, times: pieces.count)
    return try .list(pieces.map(Value.string))
  }

  private static func split(
    _ text: Text, _ arguments: Bound, fromEnd: Bool, _ interpreter: Interpreter
  ) throws -> Value {
    let most = try arguments.int(1, default: -1)
    let limit = most < 0 ? Int.max : most
    guard let separator = try arguments.optionalText(0) else {
      return try list(text.words(limit: limit, fromEnd: fromEnd), interpreter)
    }
    guard !separator.isEmpty else { throw ChatTemplateError("empty separator") }
    return try list(text.split(separator: separator, limit: limit, fromEnd: fromEnd), interpreter)
  }

  private static func partition(_ text: Text, _ arguments: Bound, fromEnd: Bool) throws -> Value {
    let separator = try arguments.text(0)
    guard !separator.isEmpty else { throw ChatTemplateError("empty separator") }
    let pieces = text.split(separator: separator, limit: 1, fromEnd: fromEnd)
    let empty = Text("").marked(like: text)
    let parts =
      pieces.count == 2
      ? [pieces[0], separator, pieces[1]] : fromEnd ? [empty, empty, text] : [text, empty, empty]
    return try .tuple(parts.map(Value.string))
  }
}

extension Text {
  /// Cut at white space; what the limit leaves uncut keeps its inner and outermost space.
  func words(limit: Int, fromEnd: Bool) -> [Text] {
    let body = Substring(string).unicodeScalars
    var words: [Text] = []
    var rest = fromEnd ? Array(body.reversed())[...] : Array(body)[...]
    rest = rest.drop(while: \.isPythonSpace)
    while !rest.isEmpty {
      let word = words.count == limit ? rest : rest.prefix { !$0.isPythonSpace }
      rest = rest.dropFirst(word.count).drop(while: \.isPythonSpace)
      words.append((fromEnd ? Text(word.reversed()) : Text(word)).marked(like: self))
    }
    return fromEnd ? words.reversed() : words
  }

  /// `str.splitlines`.
  func lines(keepingEnds: Bool = false) -> [Text] {
    var lines: [Text] = []
    var rest = Array(scalars)[...]
    while !rest.isEmpty {
      let body = rest.prefix { !$0.isLineBoundary }
      let after = rest.dropFirst(body.count)
      let end = after.starts(with: ["\r", "\n"]) ? 2 : min(after.count, 1)
      let line = keepingEnds ? rest.prefix(body.count + end) : body
      lines.append(Text(line).marked(like: self))
      rest = after.dropFirst(end)
    }
    return lines
  }
}
