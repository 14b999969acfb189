/// One line of a list of merges: the two tokens that become one.
struct MergeRule {
  let left: [UInt8]
  let right: [UInt8]

  /// A merge written as two tokens with a space between them, or nil when it is not.
  init?(line: some Collection<UInt8>) {
    let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    self.init(left: Array(parts[0]), right: Array(parts[1]))
  }

  init(left: [UInt8], right: [UInt8]) {
    self.left = left
    self.right = right
  }

  /// The merges of a `merges.txt`; lines that begin with `#version` are left out.
  ///
  /// - Throws: `TokenizerError` naming a line that is no merge.
  static func lines(_ text: [UInt8], at path: String) throws -> [MergeRule] {
    var rules: [MergeRule] = []
    for (number, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let line = line.last == 0x0D ? line.dropLast() : line
      if line.isEmpty || line.starts(with: "#version".utf8) { continue }
      guard let rule = MergeRule(line: line) else {
        throw TokenizerError(
          "merge, at \(path):\(number + 1): write it as two tokens with a space between them")
      }
      rules.append(rule)
    }
    return rules
  }

  /// The ids of merges, in order: of the two tokens and of what they become. The second joins without the prefix it
  /// has as a continuation.
  ///
  /// - Throws: `TokenizerError` when a token is not in the vocabulary.
  static func ranked(
    _ rules: [MergeRule], in vocabulary: Vocabulary, prefixLength: Int
  ) throws -> [(left: Int32, right: Int32, result: Int32)] {
    var ranked: [(left: Int32, right: Int32, result: Int32)] = []
    ranked.reserveCapacity(rules.count)
    var joined: [UInt8] = []
    for (index, rule) in rules.enumerated() {
      func id(_ token: [UInt8]) throws -> Int32 {
        if let id = vocabulary.id(token) { return id }
        throw TokenizerError(
          "token \"\(String(decoding: token, as: UTF8.self))\", in merge \(index): it is not in the vocabulary"
        )
      }
      joined.removeAll(keepingCapacity: true)
      joined += rule.left
      joined += rule.right.dropFirst(prefixLength)
      ranked.append((try id(rule.left), try id(rule.right), try id(joined)))
    }
    return ranked
  }
}
