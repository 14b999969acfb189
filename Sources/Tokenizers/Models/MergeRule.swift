/// One line of a list of merges: the two tokens that become one.
struct MergeRule {
  let left: [UInt8]
  let right: [UInt8]

  /// The ids of the two tokens and of what they become: the second joins without the prefix it has as a
  /// continuation.
  ///
  /// - Throws: `TokenizerError` when one of them is not in the vocabulary.
  func ids(
    in vocabulary: Vocabulary, prefixLength: Int, at path: () -> String
  ) throws -> (left: Int32, right: Int32, result: Int32) {
    func id(_ token: [UInt8]) throws -> Int32 {
      if let id = vocabulary.id(token) { return id }
      throw TokenizerError(
        "token \"\(String(decoding: token, as: UTF8.self))\", at \(path()): it is not in the vocabulary")
    }
    return (try id(left), try id(right), try id(left + right.dropFirst(prefixLength)))
  }
}
