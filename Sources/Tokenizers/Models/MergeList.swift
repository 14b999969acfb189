/// The merges of byte pair encoding as they are written: pairs of tokens, the first to be merged first.
struct MergeList {
  private var bytes: [UInt8] = []
  /// Where each merge begins, and where its second token does.
  private var cuts: [Span] = []

  init(capacity: Int = 0) {
    bytes.reserveCapacity(capacity * 8)
    cuts.reserveCapacity(capacity)
  }

  var count: Int { cuts.count }

  mutating func append(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) {
    cuts.append(Span(bytes.count, bytes.count + left.count))
    bytes.append(contentsOf: left)
    bytes.append(contentsOf: right)
  }

  /// Adds a merge written as two tokens with a space between them; false when it is not.
  mutating func append(line: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let space = line.firstIndex(of: 0x20), !line[(space + 1)...].contains(0x20) else { return false }
    append(UnsafeBufferPointer(rebasing: line[..<space]), UnsafeBufferPointer(rebasing: line[(space + 1)...]))
    return true
  }

  /// The merges of a `merges.txt`; lines that begin with `#version` are left out.
  ///
  /// - Throws: `TokenizerError` naming a line that is no merge.
  init(file text: [UInt8], at path: String) throws {
    self.init(capacity: text.count / 12)
    for (number, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let line = line.last == 0x0D ? line.dropLast() : line
      if line.isEmpty || line.starts(with: "#version".utf8) { continue }
      guard line.withUnsafeBufferPointer({ append(line: $0) }) else {
        throw TokenizerError(
          "merge, at \(path):\(number + 1): write it as two tokens with a space between them")
      }
    }
  }

  /// The ids of the merges: of the two tokens and of what they become. The second joins without the prefix it has as
  /// a continuation.
  ///
  /// - Throws: `TokenizerError` when a token is not in the vocabulary.
  func ranked(
    in vocabulary: Vocabulary, prefixLength: Int
  ) throws -> [(left: Int32, right: Int32, result: Int32)] {
    var ranked: [(left: Int32, right: Int32, result: Int32)] = []
    ranked.reserveCapacity(cuts.count)
    try bytes.withUnsafeBufferPointer { bytes in
      let base = bytes.baseAddress ?? UnsafePointer(emptyBytes.base)
      func id(_ start: Int, _ end: Int) throws -> Int32 {
        if let id = vocabulary.id(base + start, count: end - start) { return id }
        let token = String(decoding: bytes[start..<end], as: UTF8.self)
        throw TokenizerError("token \"\(token)\", in merge \(ranked.count): it is not in the vocabulary")
      }
      /// The id of what a merge makes: mostly the one after the last, which is a look at the next token.
      func result(_ start: Int, _ end: Int) throws -> Int32 {
        let next = (ranked.last?.result ?? -1) &+ 1
        if vocabulary.isSpelled(next, base + start, count: end - start) { return next }
        return try id(start, end)
      }
      for (index, cut) in cuts.enumerated() {
        let end = index + 1 < cuts.count ? cuts[index + 1].lower : bytes.count
        let left = try id(cut.lower, cut.upper)
        let right = try id(cut.upper, end)
        if prefixLength == 0 {
          ranked.append((left, right, try result(cut.lower, end)))
          continue
        }
        let joined = Array(bytes[cut.lower..<cut.upper]) + bytes[cut.upper..<end].dropFirst(prefixLength)
        guard let result = vocabulary.id(joined) else {
          let token = String(decoding: joined, as: UTF8.self)
          throw TokenizerError("token \"\(token)\", in merge \(ranked.count): it is not in the vocabulary")
        }
        ranked.append((left, right, result))
      }
    }
    return ranked
  }
}
