/// All added tokens of a tokenizer, and where they occur in a text.
final class AddedTokens: Sendable {
  private let byID: [Int: AddedToken]
  private let idsByBytes: ByteStringTable
  /// Tokens as their normalized form, which is how they are found and written, where that differs.
  private let normalizedForms: [Int: String]
  private let special: Set<[UInt8]>
  private let original: AddedTokenMatcher
  private let normalized: AddedTokenMatcher
  let count: Int
  /// One more than the highest id.
  let idLimit: Int
  /// How many of the tokens are not in the model's vocabulary.
  let countOutsideVocabulary: Int

  /// - Parameter groups: the tokens as they are added; a token that comes again has the properties it has last.
  /// - Throws: `TokenizerError` when normalizing a token fails.
  init(_ groups: [[AddedToken]], vocabulary: Vocabulary, normalizer: (any Normalizer)?) throws {
    var byID: [Int: AddedToken] = [:]
    var forms: [Int: String] = [:]
    var special: Set<[UInt8]> = []
    var outside = 0
    let ids = ByteStringTable(capacity: groups.joined().count)
    for group in groups {
      // New ids follow the vocabulary, or the highest id beyond it.
      var nextID = max((byID.keys.max() ?? -1) + 1, vocabulary.count)
      for token in group where !token.content.isEmpty {
        let known = ids.find(token.content.utf8) ?? vocabulary.id(token.content)
        let id = known.map(Int.init) ?? nextID
        if known == nil {
          nextID += 1
          outside += 1
        }
        if token.normalized, let normalizer {
          var text = try AlignedText(token.content)
          try normalizer.normalize(&text)
          forms[id] = token.hasContent(text.string) ? nil : text.string
        }
        let bytes = Array(token.content.utf8)
        bytes.withUnsafeBufferPointer { _ = ids.insert($0, Int32(truncatingIfNeeded: id)) }
        byID[id] = token
        if token.special { special.insert(bytes) }
      }
    }
    self.byID = byID
    self.special = special
    normalizedForms = forms
    idsByBytes = ids
    count = ids.count
    idLimit = (byID.keys.max() ?? -1) + 1
    countOutsideVocabulary = outside
    original = AddedTokenMatcher(byID.filter { !$0.value.normalized }.mapValues { ($0, $0.content) })
    normalized = AddedTokenMatcher(
      Dictionary(
        uniqueKeysWithValues: byID.filter(\.value.normalized).map { id, token in
          (id, (token, forms[id] ?? token.content))
        }))
  }

  /// How an added token is written.
  func spelling(_ id: Int) -> String? { byID.isEmpty ? nil : normalizedForms[id] ?? byID[id]?.content }

  /// The id of an added token.
  func id(of token: String) -> Int? { idsByBytes.find(token.utf8).map(Int.init) }

  /// Whether decoding leaves out a token, as it is written, when special tokens are not wanted.
  func isSpecial(_ token: String) -> Bool { special.contains(Array(token.utf8)) }

  /// The added token with an id.
  func token(_ id: Int) -> AddedToken? { byID[id] }

  /// All added tokens by id.
  var tokens: [(id: Int, token: AddedToken)] {
    byID.sorted { $0.key < $1.key }.map { (id: $0.key, token: $0.value) }
  }

  /// The matches in an original text of the tokens that are looked for there.
  func findInOriginal(_ text: AlignedText) -> [AddedTokenMatcher.Match] { original.find(in: text) }

  /// The matches in a normalized text of the tokens that are looked for there.
  func findInNormalized(_ text: AlignedText) -> [AddedTokenMatcher.Match] { normalized.find(in: text) }
}
