/// `str.translate` and the tables that `str.maketrans` makes for it.

extension StringMethods {
  static let translation: [Text: Builtin<Text>] = [
    "translate": .positional("table") { text, arguments, interpreter in
      .string(try translated(text, by: arguments.value(0), interpreter).marked(like: text))
    },
    "maketrans": .positional("x", "y?", "z?") { _, arguments, _ in
      .dict(arguments[1] == nil ? try table(arguments.value(0)) : try table(of: arguments))
    },
  ]

  private static func translated(_ text: Text, by table: Value, _ interpreter: Interpreter) throws -> Text {
    switch table {
    case .undefined(let missing): throw missing.error
    case .dict, .list, .tuple, .string, .range: break
    default: throw ChatTemplateError("'\(table.typeName)' object is not subscriptable")
    }
    var output = ""
    for scalar in text.scalars {
      let piece = try translation(of: scalar, by: table)
      try interpreter.budget.spendText(bytes: piece.utf8.count)
      output += piece
    }
    return Text(output)
  }

  private static func translation(of scalar: Unicode.Scalar, by table: Value) throws -> String {
    switch table.subscripted(by: .int(Int(scalar.value))) {
    case nil: return String(scalar)
    case .some(.none): return ""
    case .string(let text)?: return text.string
    case let value?:
      guard let code = value.integer else {
        throw ChatTemplateError("character mapping must return integer, None or str")
      }
      guard case .word(let word) = code, let number = UInt32(exactly: word),
        let replacement = Unicode.Scalar(number)
      else { throw ChatTemplateError("character mapping must be in range(0x110000)") }
      return String(replacement)
    }
  }

  /// A table of one dictionary, whose keys become numbers.
  private static func table(_ value: Value) throws -> Mapping {
    guard case .dict(let mapping) = value else {
      throw ChatTemplateError("if you give only one argument to maketrans it must be a dict")
    }
    return try Mapping(
      mapping.entries.map { key, value in
        guard case .string(let text) = key else {
          guard key.integer != nil else {
            throw ChatTemplateError("keys in translate table must be strings or integers")
          }
          return (key, value)
        }
        guard text.count == 1 else {
          throw ChatTemplateError("string keys in translate table must be of length 1")
        }
        return (code(text.scalars[text.scalars.startIndex]), value)
      })
  }

  /// A table of two texts, character for character, and of a third that is taken out.
  private static func table(of arguments: Bound) throws -> Mapping {
    let (from, to) = (try arguments.text(0), try arguments.text(1))
    guard from.count == to.count else {
      throw ChatTemplateError("the first two maketrans arguments must have equal length")
    }
    var mapping = try Mapping(zip(from.scalars, to.scalars).map { (code($0), code($1)) })
    if let removed = try arguments.optionalText(2) {
      for scalar in removed.scalars { try mapping.set(code(scalar), to: .none) }
    }
    return mapping
  }

  private static func code(_ scalar: Unicode.Scalar) -> Value { .int(Int(scalar.value)) }
}
