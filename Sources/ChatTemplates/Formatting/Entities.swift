/// Python's `html.unescape` and markupsafe's `striptags`.

extension Text {
  /// Without tags and comments, with white space in single spaces and character references resolved.
  func strippingTags() -> Text {
    let bytes = Array(utf8)
    let closing = Finder(Array("-->".utf8))
    var kept: [UInt8] = []
    var position = 0
    while let start = bytes[position...].firstIndex(of: UInt8(ascii: "<")) {
      let end: Int?
      if bytes[start...].starts(with: "<!--".utf8) {
        end = closing.first(in: bytes, from: start + 4).map { $0 + 3 }
      } else {
        end = bytes[start...].firstIndex(of: UInt8(ascii: ">")).map { $0 + 1 }
      }
      // What follows an opening that nothing closes stays.
      guard let end else { break }
      kept += bytes[position..<start]
      position = end
    }
    kept += bytes[position...]
    let words = Text(utf8: kept).words(limit: .max, fromEnd: false)
    return Text(words.map(\.string).joined(separator: " ")).unescaped()
  }

  /// With `&name;`, `&#N;` and `&#xN;` replaced by what they stand for.
  func unescaped() -> Text {
    var rest = Array(scalars)[...]
    var output = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
      if scalar == "&", let reference = CharacterReference(after: rest) {
        output.append(contentsOf: reference.text.unicodeScalars)
        rest = rest.dropFirst(reference.length)
      } else {
        output.append(scalar)
      }
    }
    return Text(String(output))
  }
}

/// What follows an ampersand, and the text that both stand for.
private struct CharacterReference {
  let text: String
  let length: Int

  init?(after ampersand: ArraySlice<Unicode.Scalar>) {
    if ampersand.first == "#" {
      self.init(number: ampersand.dropFirst())
    } else {
      self.init(name: ampersand)
    }
  }

  private init?(number: ArraySlice<Unicode.Scalar>) {
    let isHexadecimal = number.first == "x" || number.first == "X"
    let digits = number.dropFirst(isHexadecimal ? 1 : 0).prefix {
      $0.isASCII && (isHexadecimal ? $0.properties.isASCIIHexDigit : ("0"..."9").contains($0))
    }
    guard !digits.isEmpty else { return nil }
    let hasEnd = number[digits.endIndex...].first == ";"
    // A number that no machine word holds is no character either.
    let code = UInt32(String(String.UnicodeScalarView(digits)), radix: isHexadecimal ? 16 : 10) ?? .max
    text = Self.text(of: code)
    length = 1 + (isHexadecimal ? 1 : 0) + digits.count + (hasEnd ? 1 : 0)
  }

  private static func text(of code: UInt32) -> String {
    switch code {
    case 0: return "\u{FFFD}"
    case 0xD: return "\r"
    case 0x80...0x9F: return String(windows1252[Int(code) - 0x80])
    case 0x1...0x8, 0xB, 0xE...0x1F, 0x7F, 0xFDD0...0xFDEF: return ""
    case 0...0x10FFFF where code & 0xFFFE == 0xFFFE: return ""
    default: return Unicode.Scalar(code).map(String.init) ?? "\u{FFFD}"
    }
  }

  private init?(name rest: ArraySlice<Unicode.Scalar>) {
    var name = rest.prefix(32).prefix { !"\t\n\u{C} <&#;".unicodeScalars.contains($0) }
    if name.isEmpty { return nil }
    if rest[name.endIndex...].first == ";" { name = rest[name.startIndex...name.endIndex] }
    // The longest name there is; what is left of the word is text.
    for count in stride(from: name.count, to: 1, by: -1) {
      guard let found = EntityTable.texts[Text(name.prefix(count))] else { continue }
      (text, length) = (found, count)
      return
    }
    return nil
  }

  /// What browsers show for the control characters from 0x80 on.
  private static let windows1252 = Array(
    "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8D}Ž\u{8F}\u{90}‘’“”•–—˜™š›œ\u{9D}žŸ".unicodeScalars)
}
