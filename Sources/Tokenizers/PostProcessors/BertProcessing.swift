import JSON

/// `[CLS] A [SEP]`, or `[CLS] A [SEP] B [SEP]`.
struct BertProcessing: PostProcessor {
  private let ends: SentenceEnds
  let trimsOffsets = false

  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws { ends = try SentenceEnds(fields) }

  func addedTokens(isPair: Bool) -> Int { isPair ? 3 : 2 }

  func process(_ encodings: [Encoding], addSpecialTokens: Bool) -> [Encoding] {
    guard addSpecialTokens else { return encodings }
    return encodings.enumerated().map { index, encoding in
      index == 0
        ? encoding.between(ends.cls(0), ends.sep(0)) : encoding.between(nil, ends.sep(1))
    }
  }
}

/// `<s> A </s>`, or `<s> A </s></s> B </s>`, all of segment 0.
struct RobertaProcessing: PostProcessor {
  private let ends: SentenceEnds
  private let addsPrefixSpace: Bool
  let trimsOffsets: Bool

  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws {
    ends = try SentenceEnds(fields)
    trimsOffsets = try fields.bool("trim_offsets")
    addsPrefixSpace = try fields.bool("add_prefix_space")
  }

  func addedTokens(isPair: Bool) -> Int { isPair ? 4 : 2 }

  func process(_ encodings: [Encoding], addSpecialTokens: Bool) -> [Encoding] {
    encodings.enumerated().map { index, encoding in
      var encoding = encoding
      if trimsOffsets { encoding.trimOffsets(keepsPrefix: addsPrefixSpace) }
      // Without special tokens what overflowed keeps its segments, in the reference implementation as well.
      for run in encoding.runs.indices { encoding.runs[run].typeID = 0 }
      guard addSpecialTokens else { return encoding }
      encoding.updateRuns { $0.typeID = 0 }
      return encoding.between(index == 0 ? ends.cls(0) : ends.sep(0), ends.sep(0))
    }
  }
}

/// The tokens that begin a text and end a sentence.
private struct SentenceEnds {
  private let first: (token: String, id: Int)
  private let last: (token: String, id: Int)

  init(_ fields: Fields) throws {
    func token(_ name: String) throws -> (token: String, id: Int) {
      let parts = try fields.array(name)
      guard parts.count == 2, let token = parts[0].stringValue, let id = parts[1].intValue else {
        throw fields.missing(name, "a token and its id")
      }
      return (token, id)
    }
    first = try token("cls")
    last = try token("sep")
  }

  typealias Special = (_ names: TokenNames) -> Encoding

  func cls(_ typeID: Int) -> Special { { .special([first.id], [first.token], typeID: typeID, names: $0) } }
  func sep(_ typeID: Int) -> Special { { .special([last.id], [last.token], typeID: typeID, names: $0) } }
}

extension Encoding {
  /// The encoding, and what overflowed of it, with special tokens before and after.
  fileprivate func between(_ before: SentenceEnds.Special?, _ after: SentenceEnds.Special) -> Encoding {
    var whole = before?(names) ?? Encoding(names: names)
    var bare = self
    bare.overflowing = []
    whole.append(bare)
    whole.append(after(names))
    whole.overflowing = overflowing.map { $0.between(before, after) }
    return whole
  }
}
