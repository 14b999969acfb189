/// The methods of `str` that fill it up to a width.

extension StringMethods {
  static let padding: [Text: Builtin<Text>] = [
    "center": .positional("width", "fillchar?") { text, arguments, interpreter in
      try pad(text, arguments, interpreter) { missing, width in missing / 2 + (missing & width & 1) }
    },
    "ljust": .positional("width", "fillchar?") { text, arguments, interpreter in
      try pad(text, arguments, interpreter) { _, _ in 0 }
    },
    "rjust": .positional("width", "fillchar?") { text, arguments, interpreter in
      try pad(text, arguments, interpreter) { missing, _ in missing }
    },
    "zfill": .positional("width") { text, arguments, interpreter in
      let width = try arguments.int(0, default: 0)
      try interpreter.budget.spendText(bytes: width)
      let missing = width - text.count
      guard missing > 0 else { return .string(text) }
      let sign = text.scalars.prefix { $0 == "+" || $0 == "-" }.prefix(1)
      let zeros = String(repeating: "0", count: missing)
      return .string(
        Text(String(sign) + zeros + String(text.scalars.dropFirst(sign.count))).marked(like: text))
    },
    "expandtabs": Builtin("tabsize?") { text, arguments, interpreter in
      let size = try arguments.int(0, default: 8)
      try interpreter.budget.spendText(
        bytes: size, times: text.scalars.reduce(1) { $0 + ($1 == "\t" ? 1 : 0) })
      return .string(expandingTabs(in: text, to: size).marked(like: text))
    },
  ]

  /// - Parameter leading: how much of what is missing goes before the text.
  private static func pad(
    _ text: Text, _ arguments: Bound, _ interpreter: Interpreter,
    leading: (_ missing: Int, _ width: Int) -> Int
  ) throws -> Value {
    let width = try arguments.int(0, default: 0)
    let fill = arguments[1] == nil ? " " : try arguments.text(1)
    guard fill.count == 1 else {
      throw ChatTemplateError("The fill character must be exactly one character long")
    }
    try interpreter.budget.spendText(bytes: fill.utf8.count, times: width)
    let missing = width - text.count
    guard missing > 0 else { return .string(text) }
    let before = leading(missing, width)
    return .string(
      Text(
        String(repeating: fill.string, count: before) + text.string
          + String(repeating: fill.string, count: missing - before)
      ).marked(like: text))
  }

  private static func expandingTabs(in text: Text, to size: Int) -> Text {
    var output = String.UnicodeScalarView()
    var column = 0
    for scalar in text.scalars {
      if scalar == "\t" {
        let width = size > 0 ? size - column % size : 0
        output.append(contentsOf: repeatElement(" ", count: width))
        column += width
      } else {
        output.append(scalar)
        column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
      }
    }
    return Text(String(output))
  }
}
