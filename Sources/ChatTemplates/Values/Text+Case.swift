/// Python's case conversions: full mappings, with the final sigma that `str.lower` knows.

extension Text {
  func lowercased() -> Text {
    let all = Array(scalars)
    var mapped = String.UnicodeScalarView()
    for index in all.indices { mapped.append(contentsOf: Text.lower(all, at: index).unicodeScalars) }
    return Text(String(mapped), isMarkup: isMarkup)
  }

  func uppercased() -> Text { mapping { $0.properties.uppercaseMapping } }

  /// `str.casefold`, whose full folding differs from lowercasing only where upper case has several letters.
  func caseFolded() -> Text {
    mapping { scalar in
      switch scalar.value {
      case 0x130: "i\u{307}"
      case 0x131: String(scalar)
      case 0x1E9E: "ss"
      case 0x13A0...0x13F5: String(scalar)
      case 0x13F8...0x13FD, 0xAB70...0xABBF: scalar.properties.uppercaseMapping
      default: Text.folded(scalar)
      }
    }
  }

  func swappedCase() -> Text {
    let all = Array(scalars)
    var mapped = String.UnicodeScalarView()
    for (index, scalar) in all.enumerated() {
      let swapped =
        scalar.isUppercase
        ? Text.lower(all, at: index)
        : scalar.isLowercase ? scalar.properties.uppercaseMapping : String(scalar)
      mapped.append(contentsOf: swapped.unicodeScalars)
    }
    return Text(String(mapped), isMarkup: isMarkup)
  }

  /// `str.capitalize`: the first character in title case, the rest in lower case.
  func capitalized() -> Text {
    let all = Array(scalars)
    var mapped = String.UnicodeScalarView()
    for (index, scalar) in all.enumerated() {
      let piece = index == 0 ? scalar.properties.titlecaseMapping : Text.lower(all, at: index)
      mapped.append(contentsOf: piece.unicodeScalars)
    }
    return Text(String(mapped), isMarkup: isMarkup)
  }

  /// `str.title`: title case after anything that has no case, lower case after anything that has.
  func titlecased() -> Text {
    let all = Array(scalars)
    var mapped = String.UnicodeScalarView()
    var followsCased = false
    for (index, scalar) in all.enumerated() {
      let piece = followsCased ? Text.lower(all, at: index) : scalar.properties.titlecaseMapping
      mapped.append(contentsOf: piece.unicodeScalars)
      followsCased = scalar.isCased
    }
    return Text(String(mapped), isMarkup: isMarkup)
  }

  private func mapping(_ map: (Unicode.Scalar) -> String) -> Text {
    var mapped = String.UnicodeScalarView()
    for scalar in scalars { mapped.append(contentsOf: map(scalar).unicodeScalars) }
    return Text(String(mapped), isMarkup: isMarkup)
  }

  private static func folded(_ scalar: Unicode.Scalar) -> String {
    let upper = scalar.properties.uppercaseMapping
    var folded = String.UnicodeScalarView()
    for letter in upper.unicodeScalars {
      folded.append(contentsOf: letter.properties.lowercaseMapping.unicodeScalars)
    }
    return String(folded)
  }

  /// The lower case of one character in its surroundings: a capital sigma that ends a word becomes a final sigma.
  private static func lower(_ all: [Unicode.Scalar], at index: Int) -> String {
    let scalar = all[index]
    guard scalar.value == 0x3A3 else { return scalar.properties.lowercaseMapping }
    let before = all[..<index].last { !$0.properties.isCaseIgnorable }
    let after = all[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    let endsWord = before?.properties.isCased == true && after?.properties.isCased != true
    return endsWord ? "\u{3C2}" : "\u{3C3}"
  }
}
