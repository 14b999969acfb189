/// Takes white space off the ends of a text.
struct StripNormalizer: Normalizer {
  private let left: Bool
  private let right: Bool

  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws {
    left = try fields.bool("strip_left")
    right = try fields.bool("strip_right")
  }

  func normalize(_ text: inout AlignedText) {
    let kept = text.withBytes { bytes in
      var start = 0
      var end = text.count
      while left, start < end {
        let next = scalar(bytes, at: start)
        guard unicode.isWhitespace(next.value) else { break }
        start += next.length
      }
      while right, end > start {
        let last = scalarStart(bytes, before: end, notBefore: start)
        guard unicode.isWhitespace(scalar(bytes, at: last).value) else { break }
        end = last
      }
      return start..<end
    }
    text = text.slice(kept)
  }
}

/// Takes the combining marks away.
struct StripAccentsNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) {
    if text.isASCII { return }
    text.removeScalars { characterSets.mark[$0] != 0 }
  }
}
