/// Puts a fixed text in front of every text that is not empty.
struct PrependNormalizer: Normalizer {
  let prefix: [UInt8]

  func normalize(_ text: inout AlignedText) {
    if text.count > 0 { text.prepend(prefix) }
  }
}

extension AlignedText {
  /// Puts `prefix` in front, aligned with the first character.
  mutating func prepend(_ prefix: [UInt8]) {
    guard count > 0 else { return }
    var editor = AlignedTextEditor(self, extra: prefix.count)
    editor.insert(prefix, alignedWith: 0)
    editor.keep(0..<count)
    self = editor.finish()
  }
}
