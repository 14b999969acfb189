/// A token that is found in the text as it stands, before the model sees it.
public struct AddedToken: Sendable, Hashable {
  /// The text of the token.
  public var content: String
  /// Whether it is found only where no word character touches it.
  public var singleWord: Bool
  /// Whether it takes the white space before it.
  public var lstrip: Bool
  /// Whether it takes the white space after it.
  public var rstrip: Bool
  /// Whether it is looked for in the normalized text rather than the original.
  public var normalized: Bool
  /// Whether decoding can leave it out.
  public var special: Bool

  public init(
    _ content: String, singleWord: Bool = false, lstrip: Bool = false, rstrip: Bool = false,
    normalized: Bool? = nil, special: Bool = false
  ) {
    self.content = content
    self.singleWord = singleWord
    self.lstrip = lstrip
    self.rstrip = rstrip
    self.normalized = normalized ?? !special
    self.special = special
  }

  /// Whether the token is written so, byte for byte.
  func hasContent(_ other: String) -> Bool { content.utf8.elementsEqual(other.utf8) }

  /// The added token that `fields` describe.
  ///
  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws {
    self.init(
      try fields.string("content"), singleWord: try fields.bool("single_word", default: false),
      lstrip: try fields.bool("lstrip", default: false), rstrip: try fields.bool("rstrip", default: false),
      normalized: try fields.bool("normalized", default: true),
      special: try fields.bool("special", default: false))
  }
}
