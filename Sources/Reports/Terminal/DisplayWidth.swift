/// How many columns of a terminal text takes.

enum DisplayWidth {
  static func of(_ text: String) -> Int { text.reduce(0) { $0 + of($1) } }

  private static func of(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    switch first.properties.generalCategory {
    case .control, .format, .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    let isEmoji =
      first.properties.isEmojiPresentation || character.unicodeScalars.contains { $0.value == 0xFE0F }
    return isEmoji || wide.contains { $0.contains(first.value) } ? 2 : 1
  }

  /// The blocks of Unicode's East Asian Width W and F that occur in text.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
    0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
    0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
  ]

  /// `text` on one line, without anything a terminal would take for a command, cut to `width` columns.
  static func fitted(_ text: String, to width: Int = .max, ellipsis: String = "…") -> String {
    let clean = printable(text)
    guard of(clean) > width else { return clean }
    var kept = ""
    var columns = DisplayWidth.of(ellipsis)
    for character in clean {
      columns += of(character)
      if columns > width { break }
      kept.append(character)
    }
    return width >= DisplayWidth.of(ellipsis) ? kept + ellipsis : ""
  }

  /// Line ends and tabs become spaces, other control characters vanish.
  private static func printable(_ text: String) -> String {
    func isControl(_ scalar: Unicode.Scalar) -> Bool {
      scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
    }
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var clean = ""
    for character in text {
      if character.isNewline || character == "\t" {
        clean.append(" ")
      } else {
        clean.unicodeScalars.append(contentsOf: character.unicodeScalars.filter { !isControl($0) })
      }
    }
    return clean
  }
}
