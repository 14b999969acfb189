/// Splits as GPT-2 does, and writes every byte as a printable character.
struct ByteLevelPreTokenizer: PreTokenizer {
  let addsPrefixSpace: Bool
  /// Whether it splits at all, or only writes bytes.
  let splits: Bool
  /// Whether bytes stay bytes, for a model that takes them so.
  let leavesBytes: Bool

  func split(_ text: inout PreTokenizedText) throws {
    if addsPrefixSpace {
      text.rewritePieces { piece, editor in
        if piece.source.withBytes({ $0[piece.range.lowerBound] }) != UInt8(ascii: " ") {
          editor.insert([UInt8(ascii: " ")], alignedWith: piece.range.lowerBound)
        }
        editor.keep(piece.range)
      }
    }
    if splits { try text.split(at: GPT2Scanner(), .isolated) }
    if !leavesBytes {
      text.rewritePieces { piece, editor in
        for position in piece.range {
          editor.insert(ByteAlphabet.scalars.base[Int(piece.source.bytes[position])], alignedWith: position)
        }
      }
    }
  }
}
