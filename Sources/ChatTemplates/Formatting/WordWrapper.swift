/// Python's `textwrap.wrap` of one paragraph: lines of at most a width, broken at white space and hyphens.
struct WordWrapper {
  let width: Int
  let breaksLongWords: Bool
  let breaksOnHyphens: Bool

  func wrap(_ paragraph: Text) -> [Text] {
    var chunks = Array(chunks(of: Array(paragraph.scalars)).reversed())
    var lines: [Text] = []
    while !chunks.isEmpty {
      if !lines.isEmpty, let first = chunks.last, first.allSatisfy(\.isPythonSpace) { chunks.removeLast() }
      var line: [ArraySlice<Unicode.Scalar>] = []
      var length = 0
      while let next = chunks.last, length + next.count <= width {
        line.append(next)
        length += next.count
        chunks.removeLast()
      }
      if let long = chunks.last, long.count > width {
        if breaksLongWords {
          let end = place(toBreak: long, room: width - length)
          line.append(long.prefix(end))
          chunks[chunks.count - 1] = long.dropFirst(end)
        } else if line.isEmpty {
          line.append(chunks.removeLast())
        }
      }
      if let last = line.last, last.allSatisfy(\.isPythonSpace) { line.removeLast() }
      if !line.isEmpty { lines.append(Text(line.joined())) }
    }
    return lines
  }

  /// How much of a word that fits no line goes onto this one: up to its last hyphen, if there is one to break after.
  private func place(toBreak word: ArraySlice<Unicode.Scalar>, room: Int) -> Int {
    guard breaksOnHyphens, let hyphen = word.prefix(room).lastIndex(of: "-") else { return room }
    let before = word[..<hyphen]
    return before.contains { $0 != "-" } ? before.count + 1 : room
  }

  /// Pieces that stay whole: white space, words with the punctuation at them, parts of hyphenated words, dashes.
  private func chunks(of text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
    var chunks: [ArraySlice<Unicode.Scalar>] = []
    var start = 0
    while start < text.count {
      let end =
        text[start].isASCIISpace ? endOfSpace(in: text, from: start) : endOfWord(in: text, from: start)
      chunks.append(text[start..<end])
      start = end
    }
    return chunks
  }

  private func endOfSpace(in text: [Unicode.Scalar], from start: Int) -> Int {
    text[start...].firstIndex { !$0.isASCIISpace } ?? text.count
  }

  private func endOfWord(in text: [Unicode.Scalar], from start: Int) -> Int {
    guard breaksOnHyphens else { return text[start...].firstIndex(where: \.isASCIISpace) ?? text.count }
    func has(_ index: Int, _ kind: (Unicode.Scalar) -> Bool) -> Bool {
      text.indices.contains(index) && kind(text[index])
    }
    if let end = endOfDash(in: text, at: start) { return end }
    for end in (start + 1)..<(text.count + 1) where end < text.count {
      if text[end].isASCIISpace || endOfDash(in: text, at: end) != nil { return end }
      guard text[end] == "-" else { continue }
      let followsLetters = has(end - 1, \.isWordLetter) && has(end - 2, \.isWordLetter)
      let followsOne = has(end - 1, \.isWordLetter) && has(end - 2) { $0 == "-" }
      let isBetween = followsLetters || followsOne && has(end - 3, \.isWordLetter)
      let after = has(end + 2) { $0 == "-" } && has(end + 3, \.isWordLetter) || has(end + 2, \.isWordLetter)
      if isBetween, has(end + 1, \.isWordLetter), after { return end + 1 }
    }
    return text.count
  }

  /// Where a dash of several hyphens between words ends.
  private func endOfDash(in text: [Unicode.Scalar], at start: Int) -> Int? {
    guard text[start] == "-", start > 0, text[start - 1].isWordPunctuation else { return nil }
    let end = text[start...].firstIndex { $0 != "-" } ?? text.count
    return end - start >= 2 && end < text.count && text[end].isWordCharacter ? end : nil
  }
}

extension Unicode.Scalar {
  fileprivate var isASCIISpace: Bool { (9...13).contains(value) || value == 0x20 }
  fileprivate var isWordLetter: Bool { isWordCharacter && !isDecimalDigit }
  fileprivate var isWordPunctuation: Bool {
    isWordCharacter || "!\"'&.,?".unicodeScalars.contains(self)
  }
}
