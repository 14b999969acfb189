/// Putting encodings together and taking them apart.
extension Encoding {
  /// An encoding of tokens that are not from the text.
  static func special(_ ids: [Int], _ tokens: [String], typeID: Int, names: TokenNames) -> Encoding {
    var encoding = Encoding(names: names)
    encoding.ids = ids
    encoding.spans = ids.map { _ in .zero }
    encoding.words = ids.map { _ in noWord }
    encoding.runs = [Run(count: ids.count, typeID: typeID, sequence: nil, source: nil, isSpecial: true)]
    for (index, token) in tokens.enumerated()
    where names.modelToken(ids[index]).map({ Array($0.utf8) }) != Array(token.utf8) {
      encoding.spellings[index] = token
    }
    return encoding
  }

  /// Puts the first token there `count` times.
  mutating func repeatFirst(_ count: Int) {
    guard let id = ids.first, count > 0 else { return }
    ids = Array(repeating: id, count: count)
    spans = Array(repeating: spans[0], count: count)
    words = Array(repeating: words[0], count: count)
    runs[0].count = count
    if let spelling = spellings[0] {
      for index in 0..<count { spellings[index] = spelling }
    }
  }

  /// Adds the tokens of another encoding after its own. What overflowed of either is combined with the other and
  /// with what overflowed of it.
  mutating func append(_ other: Encoding) {
    var combined: [Encoding] = []
    for mine in overflowing {
      combined.append(mine.joined(other))
      for theirs in other.overflowing { combined.append(mine.joined(theirs)) }
    }
    for theirs in other.overflowing { combined.append(joined(theirs)) }
    appendTokens(other)
    overflowing = combined
  }

  private func joined(_ other: Encoding) -> Encoding {
    var whole = self
    whole.overflowing = []
    whole.appendTokens(other)
    return whole
  }

  private mutating func appendTokens(_ other: Encoding) {
    for (index, token) in other.spellings { spellings[count + index] = token }
    while sources.count < other.sources.count { sources.append(nil) }
    for (index, source) in other.sources.enumerated() where source != nil { sources[index] = source }
    for run in other.runs {
      // Of a text that is used twice the later use counts.
      guard let sequence = run.sequence else { continue }
      for index in runs.indices where runs[index].sequence == sequence { runs[index].sequence = nil }
    }
    ids += other.ids
    spans += other.spans
    words += other.words
    runs += other.runs
  }

  /// The tokens at `range`.
  func slice(_ range: Range<Int>) -> Encoding {
    var part = Encoding(names: names)
    part.ids = Array(ids[range])
    part.spans = Array(spans[range])
    part.words = Array(words[range])
    part.sources = sources
    for (index, token) in spellings where range.contains(index) {
      part.spellings[index - range.lowerBound] = token
    }
    var start = 0
    for run in runs {
      let own = (start..<start + run.count).clamped(to: range)
      start += run.count
      guard !own.isEmpty else { continue }
      var shorter = run
      shorter.count = own.count
      part.runs.append(shorter)
    }
    return part
  }

  /// Makes `body` change every run, in what overflowed as well.
  mutating func updateRuns(_ body: (inout Run) -> Void) {
    for index in runs.indices { body(&runs[index]) }
    for index in overflowing.indices { overflowing[index].updateRuns(body) }
  }
}
