/// The methods of `str` that ask what kind of characters it has.

extension StringMethods {
  static let questions: [Text: Builtin<Text>] = [
    "isalnum": all(\.isAlphanumeric),
    "isalpha": all(\.isLetter),
    "isdecimal": all(\.isDecimalDigit),
    "isdigit": all(\.isDigit),
    "isnumeric": all(\.isNumeric),
    "isspace": all(\.isPythonSpace),
    "isascii": Builtin { text, _, _ in .bool(text.scalars.allSatisfy(\.isASCII)) },
    "isprintable": Builtin { text, _, _ in .bool(text.scalars.allSatisfy(\.isPrintable)) },
    "islower": Builtin { text, _, _ in .bool(text.isLowercase) },
    "isupper": Builtin { text, _, _ in .bool(text.isUppercase) },
    "istitle": Builtin { text, _, _ in .bool(text.isTitlecase) },
    "isidentifier": Builtin { text, _, _ in
      guard let first = text.scalars.first, first == "_" || first.properties.isXIDStart else {
        return .bool(false)
      }
      return .bool(text.scalars.allSatisfy(\.properties.isXIDContinue))
    },
  ]

  private static func all(_ question: @escaping @Sendable (Unicode.Scalar) -> Bool) -> Builtin<Text> {
    Builtin { text, _, _ in .bool(!text.isEmpty && text.scalars.allSatisfy(question)) }
  }
}

extension Text {
  var isLowercase: Bool {
    scalars.contains(where: \.isLowercase) && !scalars.contains { $0.isUppercase || $0.isTitlecase }
  }

  var isUppercase: Bool {
    scalars.contains(where: \.isUppercase) && !scalars.contains { $0.isLowercase || $0.isTitlecase }
  }

  /// Capitals exactly where words start.
  fileprivate var isTitlecase: Bool {
    var followsCased = false
    var found = false
    for scalar in scalars {
      if scalar.isUppercase || scalar.isTitlecase {
        if followsCased { return false }
        followsCased = true
        found = true
      } else if scalar.isLowercase {
        if !followsCased { return false }
      } else {
        followsCased = false
      }
    }
    return found
  }
}
