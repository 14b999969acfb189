/// Writes every byte as a printable character.
struct ByteLevelNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) {
    var editor = AlignedTextEditor(text, extra: text.count)
    for position in 0..<text.count {
      editor.insert(ByteAlphabet.scalars.base[Int(text.bytes[position])], alignedWith: position)
    }
    text = editor.finish()
  }
}
