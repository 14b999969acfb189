/// BERT's normalization: no control characters, plain spaces, spaces around ideographs, no accents, lower case.
struct BertNormalizer: Normalizer {
  private let cleansText: Bool
  private let partsIdeographs: Bool
  private let stripsAccents: Bool
  private let lowercases: Bool

  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws {
    cleansText = try fields.bool("clean_text")
    partsIdeographs = try fields.bool("handle_chinese_chars")
    lowercases = try fields.bool("lowercase")
    stripsAccents = try fields.bool("strip_accents", default: lowercases)
  }

  func normalize(_ text: inout AlignedText) throws {
    if cleansText {
      text.removeScalars { characterSets.control[$0] != 0 }
      text.mapScalars { unicode.isWhitespace($0) ? 0x20 : $0 }
    }
    let isASCII = text.isASCII
    if partsIdeographs, !isASCII { partIdeographs(&text) }
    if stripsAccents, !isASCII {
      UnicodeNormalizer(form: .nfd).normalize(&text)
      text.removeScalars { characterSets.nonspacingMark[$0] != 0 }
    }
    if lowercases { LowercaseNormalizer().normalize(&text) }
  }

  private func partIdeographs(_ text: inout AlignedText) {
    var editor: AlignedTextEditor?
    var kept = 0
    text.withBytes { bytes in
      var position = 0
      while position < text.count {
        let next = scalar(bytes, at: position)
        if Self.isIdeograph(next.value) {
          if editor == nil { editor = AlignedTextEditor(text, extra: text.count / 2) }
          editor?.keep(kept..<position)
          for new in [0x20, next.value, 0x20] { editor?.insert(new, alignedWith: position) }
          kept = position + next.length
        }
        position += next.length
      }
    }
    guard var editor else { return }
    editor.keep(kept..<text.count)
    text = editor.finish()
  }

  /// The ideographs as BERT has them; one block is left out of the reference implementation's list as well.
  private static func isIdeograph(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
