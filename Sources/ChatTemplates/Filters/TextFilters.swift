/// The filters that make one text of another.

extension Filters {
  static let text: [Text: Builtin<Value>] = [
    "capitalize": onText { text, _, _ in text.capitalized() },
    "lower": onText { text, _, _ in text.lowercased() },
    "upper": onText { text, _, _ in text.uppercased() },
    "string": onText { text, _, _ in text },
    "title": onText { text, _, _ in titled(text) },
    "trim": Builtin("chars?") { value, arguments, _ in
      let text = try softText(value)
      guard let characters = try arguments.optionalText(0) else { return .string(text.trimmed()) }
      let set = Set(characters.scalars)
      return .string(text.trimmed { set.contains($0) })
    },
    "center": Builtin("width?") { value, arguments, interpreter in
      var given = Arguments()
      given.positional = [arguments[0] ?? .int(80)]
      guard let center = StringMethods.method("center", of: try softText(value)) else { return value }
      return try interpreter.call(center, given)
    },
    "replace": Builtin("old", "new", "count?") { value, arguments, interpreter in
      let (old, new) = (try arguments.value(0).text(), try arguments.value(1).text())
      let limit = try arguments.optionalInt(2) ?? -1
      return .string(try value.text().replaced(old, with: new, limit: limit, interpreter.budget))
    },
    "format": .variadic { value, arguments, interpreter in
      let (positional, named) = (arguments.all.positional, arguments.all.named)
      guard positional.isEmpty || named.isEmpty else {
        throw ChatTemplateError("can't handle positional and keyword arguments at the same time")
      }
      let values =
        named.isEmpty
        ? try Value.tuple(positional) : .dict(try Mapping(named.map { (.string($0.name), $0.value) }))
      return .string(try PercentFormat.format(try softText(value), with: values, interpreter.budget))
    },
    "indent": Builtin("width?", "first?", "blank?") { value, arguments, interpreter in
      .string(try indented(value, arguments, interpreter))
    },
    "truncate": Builtin("length?", "killwords?", "end?", "leeway?") { value, arguments, interpreter in
      try truncated(value, arguments)
    },
    "wordwrap": Builtin("width?", "break_long_words?", "wrapstring?", "break_on_hyphens?") {
      value, arguments, interpreter in
      .string(try wrapped(value, arguments, interpreter))
    },
    "wordcount": Builtin { value, _, _ in
      var count = 0
      var inWord = false
      for scalar in try softText(value).scalars {
        if scalar.isWordCharacter && !inWord { count += 1 }
        inWord = scalar.isWordCharacter
      }
      return .int(count)
    },
    "urlencode": Builtin { value, _, interpreter in .string(try urlEncoded(value, interpreter)) },
  ]

  /// A filter that works on what the value prints as.
  private static func onText(
    _ body: @escaping @Sendable (Text, Bound, Interpreter) throws -> Text
  ) -> Builtin<Value> {
    Builtin { value, arguments, interpreter in .string(try body(try softText(value), arguments, interpreter))
    }
  }

  /// The value as a text that stays markup if it is.
  static func softText(_ value: Value) throws -> Text {
    if case .string(let text) = value { text } else { try value.text() }
  }

  /// The value, which must be a text already.
  private static func strictText(_ value: Value) throws -> Text {
    switch value {
    case .string(let text): return text
    case .undefined(let missing): throw missing.error
    default: throw ChatTemplateError("expected a str, not \(value.typeName)")
    }
  }

  /// A capital after every space, hyphen and opening bracket; the rest in lower case.
  private static func titled(_ text: Text) -> Text {
    let isBreak: (Unicode.Scalar) -> Bool = { $0.isPythonSpace || "-({[<".unicodeScalars.contains($0) }
    var output = ""
    var rest = Array(text.scalars)[...]
    while !rest.isEmpty {
      let gap = rest.prefix(while: isBreak)
      output += Text(gap).string
      rest = rest.dropFirst(gap.count)
      let word = rest.prefix { !isBreak($0) }
      output += Text(word.prefix(1)).uppercased().string + Text(word.dropFirst()).lowercased().string
      rest = rest.dropFirst(word.count)
    }
    return Text(output).marked(like: text)
  }

  private static func indented(_ value: Value, _ arguments: Bound, _ interpreter: Interpreter) throws -> Text
  {
    let text = try strictText(value)
    let indentation: String
    if case .string(let given)? = arguments[0] {
      indentation = given.string
    } else {
      let width = max(0, try arguments.int(0, default: 4))
      try interpreter.budget.spendText(bytes: width)
      indentation = String(repeating: " ", count: width)
    }
    var lines = Text(text.string + "\n").lines().map(\.string)
    try interpreter.budget.spendText(bytes: indentation.utf8.count, times: lines.count)
    let (first, blank) = (arguments.flag(1), arguments.flag(2))
    for index in lines.indices where index > 0 ? blank || !lines[index].isEmpty : first {
      lines[index] = indentation + lines[index]
    }
    return Text(lines.joined(separator: "\n")).marked(like: text)
  }

  private static func wrapped(_ value: Value, _ arguments: Bound, _ interpreter: Interpreter) throws -> Text {
    let wrapper = WordWrapper(
      width: try arguments.int(0, default: 79), breaksLongWords: arguments.flag(1, default: true),
      breaksOnHyphens: arguments.flag(3, default: true))
    guard case .string(let text) = value else {
      if case .undefined(let missing) = value { throw missing.error }
      throw ChatTemplateError("'\(value.typeName)' object has no attribute 'splitlines'")
    }
    let paragraphs = text.lines()
    guard wrapper.width > 0 || paragraphs.isEmpty else {
      throw ChatTemplateError("invalid width \(wrapper.width) (must be > 0)")
    }
    let separator = try arguments.optionalText(2) ?? "\n"
    let texts = try paragraphs.map { paragraph -> Text in
      try interpreter.budget.spend(paragraph.utf8.count)
      let lines = wrapper.wrap(paragraph).map { separator.isMarkup ? $0.escaped() : $0 }
      return try Text.joined(lines, by: separator, interpreter.budget)
    }
    return try Text.joined(texts, by: separator, interpreter.budget)
  }

  private static func truncated(_ value: Value, _ arguments: Bound) throws -> Value {
    let length = try arguments.int(0, default: 255)
    let end = arguments[2] == nil ? "..." : try arguments.text(2)
    let leeway = try arguments.optionalInt(3) ?? 5
    guard length >= end.count else {
      throw ChatTemplateError("expected length >= \(end.count), got \(length)")
    }
    guard leeway >= 0 else { throw ChatTemplateError("expected leeway >= 0, got \(leeway)") }
    // Whatever has a length passes if it is short.
    if try value.length() - leeway <= length { return value }
    let text = try strictText(value)
    let scalars = Array(text.scalars)
    let kept = Text(scalars.prefix(length - end.count)).marked(like: text)
    let body = arguments.flag(1) ? kept : kept.split(separator: " ", limit: 1, fromEnd: true)[0]
    return .string(Text(body.string + end.string).marked(like: text))
  }

  private static func urlEncoded(_ value: Value, _ interpreter: Interpreter) throws -> Text {
    let pairs: [Value]
    switch value {
    case .dict(let mapping): pairs = try MappingView(mapping: mapping, part: .items).values()
    case .list, .tuple, .view, .range, .iterator, .undefined: pairs = try value.elements(interpreter.budget)
    default: return quoted(try value.text(), forQuery: false)
    }
    let fields = try pairs.map { pair in
      let parts = try pair.elements(interpreter.budget)
      guard parts.count == 2 else { throw ChatTemplateError("urlencode needs pairs of a name and a value") }
      return quoted(try parts[0].text(), forQuery: true).string + "="
        + quoted(try parts[1].text(), forQuery: true).string
    }
    return Text(fields.joined(separator: "&"))
  }

  private static func quoted(_ text: Text, forQuery: Bool) -> Text {
    var output = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "~"):
        output.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: "/") where !forQuery: output += "/"
      case UInt8(ascii: " ") where forQuery: output += "+"
      default: output += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
      }
    }
    return Text(output)
  }
}
