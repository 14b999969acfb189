/// From tokens back to text.
extension Tokenizer {
  /// The text that tokens stand for. Ids that are in no vocabulary are passed over.
  ///
  /// - Parameter skipSpecialTokens: whether to leave out tokens such as `</s>`.
  public func decode(_ ids: [Int], skipSpecialTokens: Bool = false) throws -> String {
    var tokens = written(ids, skipSpecialTokens: skipSpecialTokens)
    guard let decoder else { return String(decoding: Array(tokens.joined(separator: [0x20])), as: UTF8.self) }
    try decoder.decode(&tokens)
    return String(decoding: Array(tokens.joined()), as: UTF8.self)
  }

  /// Whether tokens end inside a character, which the next one may complete.
  func endsInsideCharacter(_ ids: [Int], skipSpecialTokens: Bool) throws -> Bool {
    try decoder?.endsInsideCharacter(written(ids, skipSpecialTokens: skipSpecialTokens)) ?? false
  }

  /// The tokens as they are written.
  private func written(_ ids: [Int], skipSpecialTokens: Bool) -> [[UInt8]] {
    var tokens: [[UInt8]] = []
    tokens.reserveCapacity(ids.count)
    for id in ids {
      if let token = names.added.spelling(id) {
        if skipSpecialTokens, names.added.isSpecial(token) { continue }
        tokens.append(Array(token.utf8))
      } else if let token = names.vocabulary.bytes(id) {
        if skipSpecialTokens, names.added.isSpecial(String(decoding: token, as: UTF8.self)) { continue }
        tokens.append(Array(token))
      }
    }
    return tokens
  }
}
