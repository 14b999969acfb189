/// The inside of `{% tags %}` and `{{ prints }}`: names, literals and symbols.

extension Lexer {
  mutating func tag(isPrint: Bool, at begin: Int) throws(ChatTemplateError) {
    append(isPrint ? .printBegin : .tagBegin, at: begin)
    var open: [Token.Symbol] = []
    while let next = scalar(at: position) {
      if open.isEmpty, end(isPrint: isPrint) { return }
      if next.isPythonSpace {
        position += 1
      } else if ("0"..."9").contains(next) {
        try number()
      } else if next.isNameCharacter {
        try name()
      } else if next == "'" || next == "\"" {
        try string(quote: next)
      } else {
        try symbol(&open)
      }
    }
  }

  /// Reads the end of the tag if it stands here: the braces, with a sign that trims what follows.
  private mutating func end(isPrint: Bool) -> Bool {
    let closing = isPrint ? "}}" : "%}"
    let start = position
    var sign: Unicode.Scalar?
    if !matches(closing, at: position) {
      guard let first = scalar(at: position).flatMap(Lexer.sign), matches(closing, at: position + 1),
        first == "-" || !isPrint
      else { return false }
      sign = first
    }
    append(isPrint ? .printEnd : .tagEnd, at: start)
    position += sign == nil ? 2 : 3
    skipSpace(after: sign, trimsLine: !isPrint)
    return true
  }

  private mutating func symbol(_ open: inout [Token.Symbol]) throws(ChatTemplateError) {
    let first = String(source[position])
    let pair = scalar(at: position + 1).flatMap { Token.Symbol(rawValue: first + String($0)) }
    guard let symbol = pair ?? Token.Symbol(rawValue: first) else {
      throw error(
        "unexpected char \(Text(source[position...position]).represented) at \(position)", at: position)
    }
    if let closing = symbol.closing {
      open.append(closing)
    } else if symbol.closes {
      guard let expected = open.popLast() else {
        throw error("unexpected '\(symbol.rawValue)'", at: position)
      }
      guard expected == symbol else {
        throw error("unexpected '\(symbol.rawValue)', expected '\(expected.rawValue)'", at: position)
      }
    }
    append(.symbol(symbol), at: position)
    position += symbol.rawValue.utf8.count
  }

  private mutating func name() throws(ChatTemplateError) {
    let start = position
    while let next = scalar(at: position), next.isNameCharacter {
      position += 1
    }
    let word = source[start..<position]
    guard let first = word.first, first.isASCII || first.properties.isXIDStart,
      word.allSatisfy({ $0.isASCII || $0.properties.isXIDContinue })
    else { throw error("Invalid character in identifier", at: start) }
    append(.name(Text(word)), at: start)
  }

  private mutating func number() throws(ChatTemplateError) {
    let start = position
    let followsDot = start > 0 && source[start - 1] == "."
    if !followsDot, let end = floatEnd() {
      position = end
      let digits = String(String.UnicodeScalarView(source[start..<end].lazy.filter { $0 != "_" }))
      append(.float(Double(digits) ?? .infinity), at: start)
      return
    }
    let radix: Int? =
      source[start] != "0"
      ? nil
      : scalar(at: start + 1).flatMap { ["b": 2, "B": 2, "o": 8, "O": 8, "x": 16, "X": 16][$0] }
    var digits: [Int] = []
    if let radix {
      position = start + 2
      digits = takeDigits(allowsLeadingUnderscore: true) { Lexer.value(of: $0, radix: radix) }
    }
    if digits.isEmpty {
      position = start
      // A number that starts with 0 is nothing but zeros.
      let isZero = source[start] == "0"
      digits = takeDigits { isZero && $0 != "0" ? nil : Lexer.value(of: $0, radix: 10) }
    }
    guard digits.count <= Limits.integerDigits else { throw error(Limits.tooManyDigits.message, at: start) }
    let value = Natural(digits: digits, radix: position > start + 1 && radix != nil ? radix ?? 10 : 10)
    append(.integer(Integer(negative: false, value)), at: start)
  }

  /// Takes digits that single underscores may part.
  private mutating func takeDigits(
    allowsLeadingUnderscore: Bool = false, _ value: (Unicode.Scalar) -> Int?
  ) -> [Int] {
    var digits: [Int] = []
    while let next = scalar(at: position) {
      if let digit = value(next) {
        digits.append(digit)
        position += 1
      } else if next == "_", allowsLeadingUnderscore || !digits.isEmpty,
        let digit = scalar(at: position + 1).flatMap(value)
      {
        digits.append(digit)
        position += 2
      } else {
        break
      }
    }
    return digits
  }

  private static func value(of scalar: Unicode.Scalar, radix: Int) -> Int? {
    guard scalar.isASCII, let value = Character(scalar).hexDigitValue, value < radix else { return nil }
    return value
  }

  /// Where a float that starts here ends: digits with a fraction, an exponent or both.
  private func floatEnd() -> Int? {
    func digits(from start: Int) -> Int? {
      var index = start
      while let next = scalar(at: index) {
        if ("0"..."9").contains(next) {
          index += 1
        } else if next == "_", index > start, let after = scalar(at: index + 1), ("0"..."9").contains(after) {
          index += 1
        } else {
          break
        }
      }
      return index > start ? index : nil
    }
    guard let whole = digits(from: position) else { return nil }
    let fraction = scalar(at: whole) == "." ? digits(from: whole + 1) : nil
    let mark = fraction ?? whole
    if let letter = scalar(at: mark), letter == "e" || letter == "E" {
      let signed = scalar(at: mark + 1).flatMap(Lexer.sign) != nil
      if let end = digits(from: mark + (signed ? 2 : 1)) { return end }
    }
    return fraction
  }
}
