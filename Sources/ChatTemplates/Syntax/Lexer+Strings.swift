/// String literals with Python's escapes.

extension Lexer {
  mutating func string(quote: Unicode.Scalar) throws(ChatTemplateError) {
    let start = position
    var end = start + 1
    while let next = scalar(at: end), next != quote { end += next == "\\" ? 2 : 1 }
    guard scalar(at: end) == quote else {
      throw error("unexpected char \(Text(source[start...start]).represented) at \(start)", at: start)
    }
    let value = try unescaped(source[(start + 1)..<end], at: start)
    append(.string(value), at: start)
    position = end + 1
  }

  private mutating func unescaped(_ body: ArraySlice<Unicode.Scalar>, at start: Int) throws(ChatTemplateError)
    -> Text
  {
    var rest = body
    var output = String.UnicodeScalarView()
    while let next = rest.popFirst() {
      guard next == "\\", let escape = rest.popFirst() else {
        output.append(next)
        continue
      }
      switch escape {
      case "\n": break
      case "\\", "'", "\"": output.append(escape)
      case "n": output.append("\n")
      case "r": output.append("\r")
      case "t": output.append("\t")
      case "a": output.append("\u{7}")
      case "b": output.append("\u{8}")
      case "f": output.append("\u{C}")
      case "v": output.append("\u{B}")
      case "0"..."7":
        var code = escape.value - 48
        for _ in 0..<2 {
          guard let digit = rest.first, ("0"..."7").contains(digit) else { break }
          code = code * 8 + digit.value - 48
          rest.removeFirst()
        }
        output.append(Unicode.Scalar(code) ?? "\u{FFFD}")
      case "x", "u", "U":
        output.append(try codePoint(escape, &rest, at: start))
      case "N":
        throw error("character names (\\N{...}) are not supported in a chat template: use \\u", at: start)
      default:
        // Python spells what is not ASCII as escapes of its own before it reads escapes, so such a character
        // after a backslash comes out spelled.
        output.append("\\")
        output.append(
          contentsOf: escape.isASCII ? [escape] : Array(escape.escaped.unicodeScalars.dropFirst()))
      }
    }
    return Text(String(output))
  }

  /// `\xhh`, `\uhhhh` or `\Uhhhhhhhh`; two of them may spell a surrogate pair.
  private mutating func codePoint(
    _ kind: Unicode.Scalar, _ rest: inout ArraySlice<Unicode.Scalar>, at start: Int
  ) throws(ChatTemplateError) -> Unicode.Scalar {
    let width = kind == "x" ? 2 : kind == "u" ? 4 : 8
    let spelled = kind == "x" ? "\\xXX" : kind == "u" ? "\\uXXXX" : "\\UXXXXXXXX"
    guard let code = rest.popHexadecimal(width) else { throw error("truncated \(spelled) escape", at: start) }
    if let scalar = Unicode.Scalar(code) { return scalar }
    var ahead = rest
    if (0xD800..<0xDC00).contains(code), ahead.popFirst() == "\\", ahead.popFirst() == "u",
      let low = ahead.popHexadecimal(4), (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (code - 0xD800) << 10 + (low - 0xDC00))
    {
      rest = ahead
      return scalar
    }
    throw error("illegal Unicode character", at: start)
  }
}

extension ArraySlice<Unicode.Scalar> {
  fileprivate mutating func popHexadecimal(_ width: Int) -> UInt32? {
    guard count >= width else { return nil }
    var code: UInt32 = 0
    for digit in prefix(width) {
      guard digit.isASCII, let value = Character(digit).hexDigitValue else { return nil }
      code = code << 4 | UInt32(value)
    }
    removeFirst(width)
    return code
  }
}
