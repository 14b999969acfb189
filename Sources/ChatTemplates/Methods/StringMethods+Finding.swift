/// The methods of `str` that look for a text in it, between positions counted in scalars.

extension StringMethods {
  static let finding: [Text: Builtin<Text>] = [
    "count": .positional("sub", "start?", "end?") { text, arguments, _ in
      guard let (part, _) = try window(text, arguments) else { return .int(0) }
      let needle = try arguments.text(0)
      return .int(
        needle.isEmpty ? part.count + 1 : Finder(Array(needle.utf8)).all(in: Array(part.utf8)).count)
    },
    "find": .positional("sub", "start?", "end?") { text, arguments, _ in
      .int(try position(text, arguments, last: false) ?? -1)
    },
    "rfind": .positional("sub", "start?", "end?") { text, arguments, _ in
      .int(try position(text, arguments, last: true) ?? -1)
    },
    "index": .positional("sub", "start?", "end?") { text, arguments, _ in
      guard let found = try position(text, arguments, last: false) else {
        throw ChatTemplateError("substring not found")
      }
      return .int(found)
    },
    "rindex": .positional("sub", "start?", "end?") { text, arguments, _ in
      guard let found = try position(text, arguments, last: true) else {
        throw ChatTemplateError("substring not found")
      }
      return .int(found)
    },
    "startswith": .positional("prefix", "start?", "end?") { text, arguments, _ in
      try matches(text, arguments, "startswith") { $0.hasPrefix($1) }
    },
    "endswith": .positional("suffix", "start?", "end?") { text, arguments, _ in
      try matches(text, arguments, "endswith") { $0.hasSuffix($1) }
    },
  ]

  /// The part of the text between the second and third argument; nil if that lies beyond its end.
  private static func window(_ text: Text, _ arguments: Bound) throws -> (part: Text, start: Int)? {
    let (first, last) = (try arguments.optionalInt(1), try arguments.optionalInt(2))
    if first == nil && last == nil { return (text, 0) }
    let scalars = Array(text.scalars)
    func clamped(_ bound: Int) -> Int { bound < 0 ? max(bound + scalars.count, 0) : bound }
    let start = clamped(first ?? 0)
    let end = min(clamped(last ?? scalars.count), scalars.count)
    return start <= end ? (Text(scalars[start..<end]), start) : nil
  }

  private static func position(_ text: Text, _ arguments: Bound, last: Bool) throws -> Int? {
    let needle = Array(try arguments.text(0).utf8)
    guard let (part, start) = try window(text, arguments) else { return nil }
    let bytes = Array(part.utf8)
    let found =
      last
      ? Finder(needle.reversed()).first(in: bytes.reversed()).map { bytes.count - $0 - needle.count }
      : Finder(needle).first(in: bytes)
    return found.map { start + Text(utf8: bytes[..<$0]).count }
  }

  private static func matches(
    _ text: Text, _ arguments: Bound, _ name: String, _ test: (Text, Text) -> Bool
  ) throws -> Value {
    let candidates: [Value]
    switch arguments.value(0) {
    case .tuple(let items): candidates = items.values
    case let single: candidates = [single]
    }
    let texts = try candidates.map { candidate -> Text in
      if case .string(let affix) = candidate { return affix }
      throw ChatTemplateError(
        "\(name) first arg must be str or a tuple of str, not \(candidate.typeName)")
    }
    guard let (part, _) = try window(text, arguments) else { return .bool(false) }
    return .bool(texts.contains { test(part, $0) })
  }
}
