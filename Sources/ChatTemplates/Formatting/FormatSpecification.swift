/// Python's format mini-language, `[[fill]align][sign][#][0][width][grouping][.precision][type]`, which `str.format`
/// uses directly and `%` formatting maps onto.
struct FormatSpecification {
  var fill: Unicode.Scalar = " "
  var align: Unicode.Scalar?
  var sign: Unicode.Scalar = "-"
  var alternate = false
  /// Whether a bare "0" asked for zeros between sign and digits.
  var isZeroPadded = false
  var width = 0
  var grouping: Unicode.Scalar?
  var precision: Int?
  var type: Unicode.Scalar?

  init() {}

  init(_ source: Text) throws {
    var rest = Array(source.scalars)[...]
    let isAlignment: (Unicode.Scalar) -> Bool = { "<>=^".unicodeScalars.contains($0) }
    if rest.count > 1, isAlignment(rest[rest.startIndex + 1]), let first = rest.popFirst() {
      fill = first
      align = rest.popFirst()
    } else if let first = rest.first, isAlignment(first) {
      align = rest.popFirst()
    }
    if let first = rest.first, "+- ".unicodeScalars.contains(first) {
      sign = first
      rest.removeFirst()
    }
    if rest.first == "#" {
      alternate = true
      rest.removeFirst()
    }
    if rest.first == "0" {
      rest.removeFirst()
      if align == nil {
        fill = "0"
        isZeroPadded = true
      }
    }
    width = try rest.popNumber() ?? 0
    if let first = rest.first, first == "," || first == "_" { grouping = rest.popFirst() }
    if rest.first == "." {
      rest.removeFirst()
      guard let digits = try rest.popNumber() else {
        throw ChatTemplateError("Format specifier missing precision")
      }
      precision = digits
    }
    type = rest.popFirst()
    guard rest.isEmpty else { throw ChatTemplateError("Invalid format specifier \(source.represented)") }
  }

  func format(_ text: Text, _ budget: Budget) throws -> Text {
    guard type == nil || type == "s" else { throw unknown("str") }
    guard align != "=" else {
      throw ChatTemplateError("'=' alignment not allowed in string format specifier")
    }
    let body = precision.map { Text(text.scalars.prefix($0)) } ?? text
    return try padded(body.string, sign: "", align: align ?? "<", budget)
  }

  func format(_ number: Integer, _ budget: Budget) throws -> Text {
    switch type {
    case "e", "E", "f", "F", "g", "G", "%": return try format(number.double, budget)
    default: break
    }
    guard precision == nil else {
      throw ChatTemplateError("Precision not allowed in integer format specifier")
    }
    let magnitude = number.magnitude
    var prefix = ""
    var digits: String
    switch type {
    case nil, "d", "n": digits = try Integer(negative: false, magnitude).checkedDescription()
    case "b": (prefix, digits) = ("0b", magnitude.digits(radix: 2))
    case "o": (prefix, digits) = ("0o", magnitude.digits(radix: 8))
    case "x": (prefix, digits) = ("0x", magnitude.digits(radix: 16))
    case "X": (prefix, digits) = ("0X", Text(magnitude.digits(radix: 16)).uppercased().string)
    case "c":
      guard let code = magnitude.word, let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: code)),
        !number.isNegative
      else { throw ChatTemplateError("%c arg not in range(0x110000)") }
      return try padded(String(scalar), sign: "", align: align ?? "<", budget)
    default: throw unknown("int")
    }
    if let grouping {
      digits = digits.grouped(by: type == nil || type == "d" ? 3 : 4, with: grouping)
    }
    let lead = signText(negative: number.isNegative) + (alternate ? prefix : "")
    return try padded(digits, sign: lead, align: numberAlignment, budget)
  }

  func format(_ number: Double, _ budget: Budget) throws -> Text {
    let digits = try body(of: number)
    return try padded(
      digits, sign: signText(negative: number.sign == .minus && !number.isNaN), align: numberAlignment, budget
    )
  }

  /// The digits of a float without its sign.
  private func body(of number: Double) throws -> String {
    if let precision, precision > Limits.formatDigits { throw ChatTemplateError("precision too big") }
    let isUpper = type.map { ("A"..."Z").contains($0) } ?? false
    if !number.isFinite {
      let name = number.isNaN ? "nan" : "inf"
      return (isUpper ? Text(name).uppercased().string : name) + (type == "%" ? "%" : "")
    }
    var digits: String
    switch type {
    case nil:
      guard let precision else {
        let plain = number.magnitude.represented
        return grouping.map { plain.groupedWhole(with: $0) } ?? plain
      }
      digits = number.general(max(precision, 1), alternate: alternate, keepsPoint: true)
    case "f", "F": digits = number.fixed(precision ?? 6)
    case "%": digits = (number * 100).fixed(precision ?? 6) + "%"
    case "e", "E": digits = number.scientific(precision ?? 6)
    case "g", "G", "n": digits = number.general(max(precision ?? 6, 1), alternate: alternate)
    default: throw unknown("float")
    }
    if let grouping { digits = digits.groupedWhole(with: grouping) }
    return isUpper ? Text(digits).uppercased().string : digits
  }

  private var numberAlignment: Unicode.Scalar { align ?? (isZeroPadded ? "=" : ">") }

  private func signText(negative: Bool) -> String {
    negative ? "-" : sign == "-" ? "" : String(sign)
  }

  private func padded(_ body: String, sign: String, align: Unicode.Scalar, _ budget: Budget) throws -> Text {
    let missing = width - sign.unicodeScalars.count - body.unicodeScalars.count
    guard missing > 0 else { return Text(sign + body) }
    try budget.spendText(bytes: fill.utf8.count, times: width)
    func padding(_ count: Int) -> String { String(repeating: String(fill), count: count) }
    switch align {
    case "<": return Text(sign + body + padding(missing))
    case "^": return Text(padding(missing / 2) + sign + body + padding(missing - missing / 2))
    case "=": return Text(sign + padding(missing) + body)
    default: return Text(padding(missing) + sign + body)
    }
  }

  private func unknown(_ typeName: String) -> ChatTemplateError {
    ChatTemplateError("Unknown format code '\(type.map(String.init) ?? "")' for object of type '\(typeName)'")
  }
}

extension Double {
  /// As `%.*e` prints the magnitude.
  func scientific(_ places: Int) -> String {
    let (digits, exponent) = magnitude.significant(places + 1)
    let mantissa = places == 0 ? digits : digits.prefix(1) + "." + digits.dropFirst()
    return mantissa + Double.exponentSuffix(exponent)
  }

  /// As `%.*g` prints the magnitude; with `keepsPoint`, as `format(x, '.3')` does, which always looks like a float.
  func general(_ precision: Int, alternate: Bool, keepsPoint: Bool = false) -> String {
    var (digits, exponent) = magnitude.significant(precision)
    if !alternate {
      while digits.hasSuffix("0"), digits.utf8.count > 1 { digits.removeLast() }
    }
    if exponent < -4 || exponent >= (keepsPoint ? precision - 1 : precision) {
      let mantissa = digits.utf8.count == 1 ? digits : digits.prefix(1) + "." + digits.dropFirst()
      return mantissa + Double.exponentSuffix(exponent)
    }
    if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + digits }
    if digits.utf8.count <= exponent + 1 {
      let whole = digits + String(repeating: "0", count: exponent + 1 - digits.utf8.count)
      return keepsPoint ? whole + ".0" : whole
    }
    return digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
  }
}

extension String {
  fileprivate func grouped(by size: Int, with separator: Unicode.Scalar) -> String {
    let digits = Array(unicodeScalars)
    var grouped = String.UnicodeScalarView()
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % size == 0 { grouped.append(separator) }
      grouped.append(digit)
    }
    return String(grouped)
  }

  /// Groups the digits before the point or exponent.
  fileprivate func groupedWhole(with separator: Unicode.Scalar) -> String {
    let whole = prefix { $0.isASCII && $0.isNumber }
    return String(whole).grouped(by: 3, with: separator) + dropFirst(whole.count)
  }
}

extension ArraySlice<Unicode.Scalar> {
  /// The decimal number at the start, if there is one.
  mutating func popNumber() throws -> Int? {
    var number: Int?
    while let digit = first, ("0"..."9").contains(digit) {
      let value = (number ?? 0) * 10 + Int(digit.value) - 48
      guard value <= Int(Int32.max) else {
        throw ChatTemplateError("Too many decimal digits in format string")
      }
      number = value
      removeFirst()
    }
    return number
  }
}
