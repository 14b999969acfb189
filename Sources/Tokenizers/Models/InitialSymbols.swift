import Foundation

/// The symbols that byte pair encoding begins with: one for every character of a piece.

/// Ids by Unicode scalar; -1 where there is none.
final class ScalarIDs: Sendable {
  private let pages: Block<Int32>
  private let ids: Block<Int32>

  init(_ pairs: [(scalar: UInt32, id: Int32)]) {
    let pages = Block<Int32>(repeating: -1, count: 0x110000 >> 8)
    var ids: [Int32] = []
    for pair in pairs where pair.scalar < 0x110000 {
      let page = Int(pair.scalar >> 8)
      if pages.base[page] < 0 {
        pages.base[page] = Int32(ids.count)
        ids += [Int32](repeating: -1, count: 256)
      }
      ids[Int(pages.base[page]) + Int(pair.scalar & 0xFF)] = pair.id
    }
    self.pages = pages
    self.ids = Block(ids, filler: -1)
  }

  @inline(__always)
  subscript(scalar: UInt32) -> Int32 {
    guard scalar < 0x110000 else { return -1 }
    let page = pages.base[Int(scalar >> 8)]
    return page < 0 ? -1 : ids.base[Int(page) + Int(scalar & 0xFF)]
  }
}

/// Ids of single characters, by where in the piece they stand: a model may mark characters that continue a word
/// with a prefix, and the last one with a suffix.
struct InitialSymbols: Sendable {
  private let plain: ScalarIDs
  private let continuing: ScalarIDs
  private let last: ScalarIDs
  private let only: ScalarIDs

  /// - Parameter alphabet: what character a token's character stands for; nil where it cannot begin a word.
  init(_ vocabulary: Vocabulary, prefix: [UInt8], suffix: [UInt8], alphabet: (UInt32) -> UInt32?) {
    func table(_ prefix: [UInt8], _ suffix: [UInt8]) -> ScalarIDs {
      var pairs: [(scalar: UInt32, id: Int32)] = []
      let affixes = prefix.count + suffix.count
      for id in 0..<vocabulary.idLimit {
        guard let token = vocabulary.bytes(id), let base = token.baseAddress, token.count > affixes,
          token.count - affixes == utf8Length(leading: base[prefix.count]),
          memcmp(base, prefix, prefix.count) == 0,
          memcmp(base + token.count - suffix.count, suffix, suffix.count) == 0,
          let symbol = alphabet(scalar(base, at: prefix.count).value)
        else { continue }
        pairs.append((symbol, Int32(id)))
      }
      return ScalarIDs(pairs)
    }
    plain = table([], [])
    continuing = prefix.isEmpty ? plain : table(prefix, [])
    only = suffix.isEmpty ? plain : table([], suffix)
    last = prefix.isEmpty ? only : suffix.isEmpty ? continuing : table(prefix, suffix)
  }

  /// The id of a character; -1 where there is none.
  @inline(__always)
  func id(_ scalar: UInt32, isFirst: Bool, isLast: Bool) -> Int32 {
    if isLast { return isFirst ? only[scalar] : last[scalar] }
    return isFirst ? plain[scalar] : continuing[scalar]
  }
}
