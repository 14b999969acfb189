/// What Python's `str` methods ask about single characters.

extension Unicode.Scalar {
  /// `str.isspace`, and `\s` in Python's regular expressions.
  var isPythonSpace: Bool {
    switch value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
      0x3000:
      true
    default: false
    }
  }

  /// Where `str.splitlines` cuts.
  var isLineBoundary: Bool {
    switch value {
    case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }

  /// `str.isalpha`: the letters (categories L*), which is narrower than Unicode's Alphabetic.
  var isLetter: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  var isDecimalDigit: Bool { properties.numericType == .decimal }
  var isDigit: Bool { isDecimalDigit || properties.numericType == .digit }
  var isNumeric: Bool { properties.numericType != nil }
  var isAlphanumeric: Bool { isLetter || isNumeric }

  /// What a template's names are made of; not all of them may start one.
  var isNameCharacter: Bool {
    switch value {
    case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
    case ..<0x80: false
    default: isWordCharacter || properties.isXIDContinue
    }
  }

  /// `\w` in Python's regular expressions.
  var isWordCharacter: Bool { value == 0x5F || isAlphanumeric }

  var isUppercase: Bool { properties.isUppercase }
  var isLowercase: Bool { properties.isLowercase }
  var isTitlecase: Bool { properties.generalCategory == .titlecaseLetter }
  var isCased: Bool { isUppercase || isLowercase || isTitlecase }

  /// `str.isprintable`: what `repr` shows as it is, by the Unicode 14 that Python 3.11 carries. The age is pinned
  /// so that a newer toolchain's tables do not change what a template renders.
  var isPrintable: Bool {
    if value < 0x7F { return value >= 0x20 }
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
      .spaceSeparator:
      return false
    default:
      guard let age = properties.age else { return false }
      return age.major <= 14
    }
  }

  /// The value of a decimal digit in any script, as `int` reads it.
  var decimalValue: Int? {
    guard isDecimalDigit, let value = properties.numericValue else { return nil }
    return Int(value)
  }
}
