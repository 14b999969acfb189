/// Python's `template % values`.
struct PercentFormat {
  private let budget: Budget
  /// Whether the template is markup, which escapes what comes in.
  private let isMarkup: Bool
  private var rest: ArraySlice<Unicode.Scalar>
  private var arguments: ArraySlice<Value>
  private let mapping: Value?
  private var output = String.UnicodeScalarView()

  static func format(_ template: Text, with value: Value, _ budget: Budget) throws -> Text {
    var formatter = PercentFormat(template, with: value, budget)
    return Text(try formatter.run(), isMarkup: template.isMarkup)
  }

  private init(_ template: Text, with value: Value, _ budget: Budget) {
    self.budget = budget
    isMarkup = template.isMarkup
    rest = Array(template.scalars)[...]
    switch value {
    case .tuple(let items):
      arguments = items.values[...]
      mapping = nil
    case .dict, .list, .range, .undefined:
      // Whatever can be subscripted may go unused.
      arguments = [value]
      mapping = value
    default:
      arguments = [value]
      mapping = nil
    }
  }

  private mutating func run() throws -> String {
    while let scalar = rest.popFirst() {
      guard scalar == "%" else {
        output.append(scalar)
        continue
      }
      output.append(contentsOf: try directive().scalars)
    }
    guard arguments.isEmpty || mapping != nil else {
      throw ChatTemplateError("not all arguments converted during string formatting")
    }
    return String(output)
  }

  private mutating func directive() throws -> Text {
    var specification = FormatSpecification()
    specification.align = ">"
    var keyed: Value?
    if rest.first == "(" { keyed = try valueForKey() }
    var isLeft = false
    var isZeroPadded = false
    flags: while let flag = rest.first {
      switch flag {
      case "-": isLeft = true
      case "+": specification.sign = "+"
      case " ": if specification.sign != "+" { specification.sign = " " }
      case "#": specification.alternate = true
      case "0": isZeroPadded = true
      default: break flags
      }
      rest.removeFirst()
    }
    if let width = try number() {
      isLeft = isLeft || width < 0
      specification.width = abs(width)
    }
    if rest.first == "." {
      rest.removeFirst()
      specification.precision = max(try number() ?? 0, 0)
    }
    while let size = rest.first, size == "h" || size == "l" || size == "L" { rest.removeFirst() }
    guard let type = rest.popFirst() else { throw ChatTemplateError("incomplete format") }
    if type == "%" { return "%" }
    if isLeft {
      specification.align = "<"
    } else if isZeroPadded, !"csra".unicodeScalars.contains(type) {
      specification.align = "="
      specification.fill = "0"
    }
    return try convert(try keyed ?? nextArgument(), as: type, specification)
  }

  private func convert(
    _ value: Value, as type: Unicode.Scalar, _ base: FormatSpecification
  ) throws -> Text {
    var specification = base
    switch type {
    case "s": return try specification.format(isMarkup ? value.escaped() : value.text(), budget)
    case "r":
      let text = Text(try value.represented())
      return try specification.format(isMarkup ? text.escaped() : text, budget)
    case "a": return try specification.format(Text(value.represented()).asciiEscaped, budget)
    case "c":
      specification.precision = nil
      if case .string(let text) = value, text.count == 1 { return try specification.format(text, budget) }
      guard let code = value.integer else { throw ChatTemplateError("%c requires int or char") }
      specification.type = "c"
      return try specification.format(code, budget)
    case "d", "i", "u":
      guard let number = value.number, let whole = number.truncated else {
        throw ChatTemplateError("%\(type) format: a real number is required, not \(value.typeName)")
      }
      return try integer(whole, type: "d", specification)
    case "x", "X", "o":
      guard let whole = value.integer else {
        throw ChatTemplateError("%\(type) format: an integer is required, not \(value.typeName)")
      }
      return try integer(whole, type: type, specification)
    case "e", "E", "f", "F", "g", "G":
      guard let number = value.number else {
        throw ChatTemplateError("must be real number, not \(value.typeName)")
      }
      specification.type = type
      return try specification.format(number.double, budget)
    default:
      throw ChatTemplateError("unsupported format character '\(type)' (0x\(String(type.value, radix: 16)))")
    }
  }

  /// An int whose precision is the least number of digits.
  private func integer(
    _ value: Integer, type: Unicode.Scalar, _ base: FormatSpecification
  ) throws -> Text {
    var specification = base
    specification.type = type
    specification.precision = nil
    guard let precision = base.precision, precision > 1 else {
      return try specification.format(value, budget)
    }
    var digits = FormatSpecification()
    digits.type = type
    digits.sign = base.sign
    digits.alternate = base.alternate
    digits.fill = "0"
    digits.align = "="
    let hasSign = value.isNegative || base.sign != "-"
    digits.width = precision + (hasSign ? 1 : 0) + (base.alternate && type != "d" ? 2 : 0)
    let body = try digits.format(value, budget)
    specification = FormatSpecification()
    specification.align = base.align == "=" ? ">" : base.align
    specification.width = base.width
    return try specification.format(body, budget)
  }

  private mutating func nextArgument() throws -> Value {
    guard let value = arguments.popFirst() else {
      throw ChatTemplateError("not enough arguments for format string")
    }
    return value
  }

  /// A width or precision: digits, or `*` for the next argument.
  private mutating func number() throws -> Int? {
    guard rest.first == "*" else { return try rest.popNumber() }
    rest.removeFirst()
    guard case .word(let value) = try nextArgument().integer, abs(value) <= Int(Int32.max) else {
      throw ChatTemplateError("* wants int")
    }
    return value
  }

  private mutating func valueForKey() throws -> Value {
    guard let mapping else { throw ChatTemplateError("format requires a mapping") }
    rest.removeFirst()
    var nesting = 1
    var key = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
      nesting += scalar == "(" ? 1 : scalar == ")" ? -1 : 0
      if nesting == 0 { break }
      key.append(scalar)
    }
    guard nesting == 0 else { throw ChatTemplateError("incomplete format key") }
    let name = Text(String(key))
    guard case .dict(let entries) = mapping, let value = entries[name] else {
      throw ChatTemplateError("no value for the format key \(name.represented)")
    }
    arguments = []
    return value
  }
}

extension Number {
  /// Rounded toward zero; nil for infinities and NaN.
  var truncated: Integer? {
    switch self {
    case .int(let value): value
    case .float(let value): Integer(truncating: value)
    }
  }
}

extension Text {
  /// With everything beyond ASCII escaped, as `ascii()` does to a `repr`.
  var asciiEscaped: Text {
    Text(scalars.map { $0.isASCII ? String($0) : $0.escaped }.joined())
  }
}
