/// Finds added tokens in a text: leftmost first, the longest of those that begin at the same place.
final class AddedTokenMatcher: Sendable {
  /// An added token found in a text, with the white space it takes.
  struct Match {
    var id: Int
    var range: Range<Int>
  }

  private struct Flags: Sendable {
    var singleWord: Bool
    var lstrip: Bool
    var rstrip: Bool
  }

  private let automaton: AhoCorasick
  private let flags: [Int: Flags]

  init(_ tokens: [Int: (token: AddedToken, pattern: String)]) {
    automaton = AhoCorasick(
      tokens.sorted { $0.key < $1.key }.map { (Array($0.value.pattern.utf8), Int32($0.key)) })
    var flags: [Int: Flags] = [:]
    for (id, entry) in tokens where entry.token.singleWord || entry.token.lstrip || entry.token.rstrip {
      flags[id] = Flags(
        singleWord: entry.token.singleWord, lstrip: entry.token.lstrip, rstrip: entry.token.rstrip)
    }
    self.flags = flags
  }

  func find(in text: AlignedText) -> [Match] {
    guard !automaton.isEmpty else { return [] }
    return text.withBytes { bytes in
      var matches: [Match] = []
      var position = 0
      var free = 0
      while let found = automaton.next(in: bytes, from: position, to: text.count) {
        position = found.range.upperBound
        guard let match = accepted(found.id, found.range, bytes, text.count, free) else { continue }
        // A match that white space was taken from may reach back over; it never reaches into the one before.
        matches.append(match)
        free = match.range.upperBound
      }
      return matches
    }
  }

  private func accepted(
    _ id: Int32, _ range: Range<Int>, _ bytes: UnsafePointer<UInt8>, _ end: Int, _ free: Int
  ) -> Match? {
    guard let flags = flags[Int(id)] else { return Match(id: Int(id), range: range) }
    var lower = range.lowerBound
    var upper = range.upperBound
    if flags.singleWord {
      if lower > 0 {
        let before = scalar(bytes, at: scalarStart(bytes, before: lower, notBefore: 0)).value
        if characterSets.word[before] != 0 { return nil }
      }
      if upper < end, characterSets.word[scalar(bytes, at: upper).value] != 0 { return nil }
    }
    if flags.lstrip {
      while lower > 0 {
        let before = scalarStart(bytes, before: lower, notBefore: 0)
        guard unicode.isWhitespace(scalar(bytes, at: before).value) else { break }
        lower = before
      }
      lower = max(lower, free)
    }
    if flags.rstrip {
      while upper < end {
        let next = scalar(bytes, at: upper)
        guard unicode.isWhitespace(next.value) else { break }
        upper += next.length
      }
    }
    return Match(id: Int(id), range: lower..<upper)
  }
}
