/// How ids are written and read: added tokens first, then the model's vocabulary.
final class TokenNames: Sendable {
  let vocabulary: Vocabulary
  let added: AddedTokens
  /// How many white-space characters each token begins and ends with; made when offsets are to be trimmed.
  private let trims: Block<SIMD2<UInt16>>?

  init(vocabulary: Vocabulary, added: AddedTokens, trimsOffsets: Bool) {
    self.vocabulary = vocabulary
    self.added = added
    guard trimsOffsets else {
      trims = nil
      return
    }
    let trims = Block<SIMD2<UInt16>>(repeating: .zero, count: vocabulary.idLimit)
    for id in 0..<vocabulary.idLimit {
      guard let token = vocabulary.string(id) ?? added.spelling(id) else { continue }
      let (leading, trailing) = Self.spaces(token)
      trims.base[id] = SIMD2(UInt16(clamping: leading), UInt16(clamping: trailing))
    }
    self.trims = trims
  }

  /// How a token is written where the model found it.
  func modelToken(_ id: Int) -> String? { vocabulary.string(id) ?? added.spelling(id) }

  /// The token with an id.
  func token(_ id: Int) -> String? { added.spelling(id) ?? vocabulary.string(id) }

  /// The id of a token.
  func id(_ token: String) -> Int? { added.id(of: token) ?? vocabulary.id(token).map(Int.init) }

  /// How many characters of white space a token begins and ends with.
  @inline(__always)
  func spaces(_ id: Int) -> (leading: Int, trailing: Int) {
    guard let trims, id >= 0, id < trims.count else { return modelToken(id).map(Self.spaces) ?? (0, 0) }
    return (Int(trims.base[id].x), Int(trims.base[id].y))
  }

  /// How many characters of white space a token begins and ends with; byte-level tokens write a space as `Ġ`.
  static func spaces(_ token: String) -> (leading: Int, trailing: Int) {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar.value == ByteAlphabet.scalars.base[0x20] || unicode.isWhitespace(scalar.value)
    }
    let scalars = token.unicodeScalars
    return (scalars.prefix(while: isSpace).count, scalars.reversed().prefix(while: isSpace).count)
  }
}
