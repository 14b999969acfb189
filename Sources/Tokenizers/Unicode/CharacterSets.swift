/// The sets of characters that normalizers and pre-tokenizers tell apart, each unpacked when first used.
let characterSets = CharacterSets()

struct CharacterSets: Sendable {
  /// What `Punctuation` and `BertPreTokenizer` split at.
  var punctuation: ScalarTable { punctuationTable }
  /// What `BertNormalizer` removes when it cleans text.
  var control: ScalarTable { controlTable }
  /// What `StripAccents` removes.
  var mark: ScalarTable { markTable }
  /// What `BertNormalizer` removes when it strips accents.
  var nonspacingMark: ScalarTable { nonspacingMarkTable }
  /// What `Digits` splits at.
  var numeric: ScalarTable { numericTable }
  /// What `Whitespace` keeps together with letters.
  var word: ScalarTable { wordTable }
}

private let punctuationTable = ScalarTable(CharacterClassTable.punctuation)
private let controlTable = ScalarTable(CharacterClassTable.control)
private let markTable = ScalarTable(CharacterClassTable.mark)
private let nonspacingMarkTable = ScalarTable(CharacterClassTable.nonspacingMark)
private let numericTable = ScalarTable(CharacterClassTable.numeric)
private let wordTable = ScalarTable(CharacterClassTable.word)
