/// Decodes tokens one at a time, as a model generates them, and holds text back until its last character is whole.
public struct StreamDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipsSpecialTokens: Bool
  /// The last tokens; decoding depends on the tokens before, so some that are already out stay in front.
  private var ids: [Int] = []
  /// How many of `ids` are out.
  private var emitted = 0
  /// What those decode to.
  private var prefix: [UInt8] = []

  init(_ tokenizer: Tokenizer, skipsSpecialTokens: Bool) {
    self.tokenizer = tokenizer
    self.skipsSpecialTokens = skipsSpecialTokens
  }

  /// The text that becomes certain with one more token, or nil when none does.
  public mutating func append(_ id: Int) throws -> String? {
    ids.append(id)
    let text = try decoded(ids[...])
    if text.endsIncomplete, try tokenizer.endsInsideCharacter(ids, skipSpecialTokens: skipsSpecialTokens) {
      return nil
    }
    guard text.count > prefix.count else { return nil }
    let new = text.new(after: prefix)
    ids.removeFirst(emitted)
    emitted = ids.count
    prefix = try decoded(ids[...])
    return new.isEmpty ? nil : String(decoding: new, as: UTF8.self)
  }

  /// The text still held back, damaged characters included, or nil when there is none.
  public func finish() -> String? {
    guard emitted < ids.count, let text = try? decoded(ids[...]) else { return nil }
    let new = text.new(after: prefix)
    return new.isEmpty ? nil : String(decoding: new, as: UTF8.self)
  }

  private func decoded(_ ids: ArraySlice<Int>) throws -> [UInt8] {
    Array(try tokenizer.decode(Array(ids), skipSpecialTokens: skipsSpecialTokens).utf8)
  }
}

extension Tokenizer {
  /// A decoder for tokens that come one at a time.
  public func streamDecoder(skipSpecialTokens: Bool = true) -> StreamDecoder {
    StreamDecoder(self, skipsSpecialTokens: skipSpecialTokens)
  }
}

extension [UInt8] {
  /// Whether the text ends with U+FFFD, which stands for bytes that are no character, or not yet one.
  fileprivate var endsIncomplete: Bool { suffix(3).elementsEqual([0xEF, 0xBF, 0xBD]) }

  /// What follows the part that it has in common with `prefix`.
  fileprivate func new(after prefix: [UInt8]) -> ArraySlice<UInt8> {
    var common = zip(self, prefix).prefix(while: { $0 == $1 }).count
    while common > 0, common < count, isContinuation(self[common]) { common -= 1 }
    return self[common...]
  }
}
