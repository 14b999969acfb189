/// A Python `str`: told apart, measured and cut by Unicode scalars, never by grapheme clusters.
///
/// `isMarkup` marks what the `escape` and `safe` filters return (markupsafe's `Markup`, a subclass of `str`):
/// it compares as any text does, but adding to it escapes the other side.
struct Text: Sendable, ExpressibleByStringLiteral {
  var string: String
  var isMarkup = false

  init(_ string: String, isMarkup: Bool = false) {
    self.string = string
    self.isMarkup = isMarkup
  }

  init(stringLiteral value: String) { self.init(value) }

  init(_ scalars: some Sequence<Unicode.Scalar>) {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    self.init(String(view))
  }

  init(utf8 bytes: some Collection<UInt8>) { self.init(String(decoding: bytes, as: UTF8.self)) }

  var scalars: String.UnicodeScalarView { string.unicodeScalars }
  var utf8: String.UTF8View { string.utf8 }
  var isEmpty: Bool { string.isEmpty }

  /// The number of scalars, which is Python's `len`. Linear in the text.
  var count: Int { string.unicodeScalars.count }

  /// The same characters, with the markup flag of `other`.
  func marked(like other: Text) -> Text { Text(string, isMarkup: other.isMarkup) }

  func hasPrefix(_ other: Text) -> Bool { utf8.starts(with: other.utf8) }
  func hasSuffix(_ other: Text) -> Bool { utf8.reversed().starts(with: other.utf8.reversed()) }
}

extension Text: Hashable, Comparable {
  static func == (left: Text, right: Text) -> Bool {
    left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
  }

  func hash(into hasher: inout Hasher) {
    var copy = string
    copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// UTF-8 orders bytes as Unicode orders scalars, so this is Python's order.
  static func < (left: Text, right: Text) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }
}

extension Text {
  /// Without the scalars at either end that `belongs` accepts.
  func trimmed(_ ends: Ends = .both, where belongs: (Unicode.Scalar) -> Bool) -> Text {
    var body = Substring(string).unicodeScalars
    if ends != .trailing { body = body.drop(while: belongs) }
    if ends != .leading {
      while let last = body.last, belongs(last) { body.removeLast() }
    }
    return Text(String(body), isMarkup: isMarkup)
  }

  func trimmed(_ ends: Ends = .both) -> Text { trimmed(ends, where: \.isPythonSpace) }

  enum Ends { case leading, trailing, both }
}
