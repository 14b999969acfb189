/// Python's `str.format`, as Jinja's sandbox runs it: attributes and elements are looked up by the template's rules.
struct BraceFormat {
  let arguments: Arguments
  let interpreter: Interpreter
  /// The number the next `{}` takes; nil once a field has been numbered by hand.
  private var next: Int? = 0

  init(_ arguments: Arguments, in interpreter: Interpreter) {
    self.arguments = arguments
    self.interpreter = interpreter
  }

  /// - Parameter nesting: how many more times a format specification may contain fields of its own.
  mutating func format(_ template: Text, nesting: Int = 2) throws -> Text {
    guard nesting >= 0 else { throw ChatTemplateError("Max string recursion exceeded") }
    var rest = Array(template.scalars)[...]
    var output = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
      if scalar == "{" || scalar == "}", rest.first == scalar {
        output.append(scalar)
        rest.removeFirst()
      } else if scalar == "}" {
        throw ChatTemplateError("Single '}' encountered in format string")
      } else if scalar == "{" {
        output.append(contentsOf: try replacement(for: try takeField(&rest), nesting).scalars)
      } else {
        output.append(scalar)
      }
    }
    return Text(String(output), isMarkup: template.isMarkup)
  }

  /// The text up to the brace that closes a field.
  private func takeField(_ rest: inout ArraySlice<Unicode.Scalar>) throws -> ArraySlice<Unicode.Scalar> {
    guard !rest.isEmpty else { throw ChatTemplateError("Single '{' encountered in format string") }
    var nesting = 1
    let whole = rest
    while let scalar = rest.popFirst() {
      nesting += scalar == "{" ? 1 : scalar == "}" ? -1 : 0
      if nesting == 0 { return whole[..<(rest.startIndex - 1)] }
    }
    throw ChatTemplateError("expected '}' before end of string")
  }

  private mutating func replacement(for field: ArraySlice<Unicode.Scalar>, _ nesting: Int) throws -> Text {
    // A bracketed key may hold "!" and ":".
    var inBrackets = false
    let end =
      field.firstIndex { scalar in
        if scalar == "[" { inBrackets = true } else if scalar == "]" { inBrackets = false }
        return !inBrackets && (scalar == "!" || scalar == ":")
      } ?? field.endIndex
    var rest = field[end...]
    var conversion: Unicode.Scalar?
    if rest.first == "!" {
      rest.removeFirst()
      conversion = rest.popFirst()
      guard conversion != nil, rest.isEmpty || rest.first == ":" else {
        throw ChatTemplateError("expected ':' after conversion specifier")
      }
    }
    var value = try lookUp(field[..<end])
    switch conversion {
    case nil: break
    case "s": value = .string(try value.text())
    case "r": value = .text(try value.represented())
    case "a": value = .string(Text(try value.represented()).asciiEscaped)
    case let other?: throw ChatTemplateError("Unknown conversion specifier '\(other)'")
    }
    let specification = try format(Text(rest.dropFirst()), nesting: nesting - 1)
    return try value.formatted(specification, interpreter.budget)
  }

  /// The value a field names: `0`, `name`, `` (the next one), followed by `.attribute` and `[element]`.
  private mutating func lookUp(_ path: ArraySlice<Unicode.Scalar>) throws -> Value {
    var rest = path
    let head = Text(rest.prefix { $0 != "." && $0 != "[" })
    rest = rest.dropFirst(head.count)
    var value = try argument(head)
    while let mark = rest.popFirst() {
      if mark == "." {
        let name = Text(rest.prefix { $0 != "." && $0 != "[" })
        rest = rest.dropFirst(name.count)
        guard !name.isEmpty else { throw ChatTemplateError("Empty attribute in format string") }
        value = try interpreter.attribute(name, of: value)
      } else {
        let key = Text(rest.prefix { $0 != "]" })
        rest = rest.dropFirst(key.count)
        guard mark == "[", rest.popFirst() == "]", !key.isEmpty else {
          throw ChatTemplateError("Missing ']' in format string")
        }
        value = try interpreter.element(Int(key.string).map { .int($0) } ?? .string(key), of: value)
      }
    }
    return value
  }

  private mutating func argument(_ name: Text) throws -> Value {
    var position = Int(name.string)
    if name.isEmpty {
      guard let automatic = next else {
        throw ChatTemplateError("cannot switch from manual field specification to automatic field numbering")
      }
      position = automatic
      next = automatic + 1
    } else if position != nil {
      guard next == 0 || next == nil else {
        throw ChatTemplateError("cannot switch from automatic field numbering to manual field specification")
      }
      next = nil
    }
    if let position {
      guard arguments.positional.indices.contains(position) else {
        throw ChatTemplateError("Replacement index \(position) out of range for positional args tuple")
      }
      return arguments.positional[position]
    }
    guard let value = arguments.named.last(where: { $0.name == name })?.value else {
      throw ChatTemplateError("no argument named \(name.represented) for the format string")
    }
    return value
  }
}

extension Value {
  /// Python's `format(value, specification)`.
  func formatted(_ source: Text, _ budget: Budget) throws -> Text {
    if source.isEmpty { return try text() }
    let specification = try FormatSpecification(source)
    switch self {
    case .string(let text): return try specification.format(text, budget)
    case .bool(let flag): return try specification.format(Integer(flag ? 1 : 0), budget)
    case .int(let number): return try specification.format(number, budget)
    case .float(let number): return try specification.format(number, budget)
    default:
      throw ChatTemplateError("unsupported format string passed to \(typeName).__format__")
    }
  }
}
