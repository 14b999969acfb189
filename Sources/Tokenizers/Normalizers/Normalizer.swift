import JSON

/// Changes a text before it is cut into pieces.
protocol Normalizer: Sendable {
  func normalize(_ text: inout AlignedText) throws
}

/// The normalizer that `value`, from `tokenizer.json`, describes.
///
/// - Throws: `TokenizerError` naming what is unknown or malformed.
func normalizer(_ value: JSONValue, at path: String) throws -> any Normalizer {
  let fields = try Fields(value, at: path)
  switch fields.type {
  case "Sequence": return NormalizerSequence(parts: try fields.parts("normalizers", normalizer(_:at:)))
  case "NFC": return UnicodeNormalizer(form: .nfc)
  case "NFD": return UnicodeNormalizer(form: .nfd)
  case "NFKC": return UnicodeNormalizer(form: .nfkc)
  case "NFKD": return UnicodeNormalizer(form: .nfkd)
  case "Prepend": return PrependNormalizer(prefix: Array(try fields.string("prepend").utf8))
  case "Replace": return try ReplaceNormalizer(fields)
  case "BertNormalizer": return try BertNormalizer(fields)
  case "Lowercase": return LowercaseNormalizer()
  case "Strip": return try StripNormalizer(fields)
  case "StripAccents": return StripAccentsNormalizer()
  case "ByteLevel": return ByteLevelNormalizer()
  case "Nmt": return NmtNormalizer()
  case "Precompiled": return try PrecompiledNormalizer(fields)
  default: throw fields.unknown("normalizer")
  }
}

/// One normalizer after the other.
struct NormalizerSequence: Normalizer {
  let parts: [any Normalizer]

  func normalize(_ text: inout AlignedText) throws {
    let before = text.count
    for part in parts {
      try part.normalize(&text)
      try text.checkGrowth(from: before)
    }
  }
}
