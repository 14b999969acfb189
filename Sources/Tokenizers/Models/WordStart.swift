/// Finds places in a long piece that no merge can cross, so that the words between them can be tokenized, and
/// remembered, one by one.
///
/// SentencePiece's models are not cut into words before merging, but hardly any of their tokens has the word mark
/// `▁` after another character. Where none has it after a given byte, a text may be cut between the two.
struct WordStart: Sendable {
  /// Bytes after which, inside a token, the mark follows: no cut there.
  private let joins: Block<Bool>

  private static let mark: [UInt8] = [0xE2, 0x96, 0x81]

  /// - Parameter merged: the tokens that merges make.
  /// - Returns: nil when the mark is no token by itself, so that it could be part of an unknown stretch.
  init?(_ vocabulary: Vocabulary, _ merged: [Int32]) {
    guard vocabulary.id(Self.mark) != nil else { return nil }
    joins = Block(repeating: false, count: 256)
    // Several marks in a row stay together.
    joins.base[0x81] = true
    for id in merged {
      guard let token = vocabulary.bytes(Int(id)), token.count > 3 else { continue }
      for position in 1..<token.count - 2 where Self.isMark(token.baseAddress, position) {
        joins.base[Int(token[position - 1])] = true
      }
    }
  }

  @inline(__always)
  private static func isMark(_ bytes: UnsafePointer<UInt8>?, _ position: Int) -> Bool {
    guard let bytes, bytes[position] == 0xE2 else { return false }
    return bytes[position + 1] == 0x96 && bytes[position + 2] == 0x81
  }

  /// The first place after `start` to cut at, or `end`.
  @inline(__always)
  func next(_ bytes: UnsafePointer<UInt8>, after start: Int, before end: Int) -> Int {
    var position = start + 1
    while position < end {
      if bytes[position] == 0xE2, Self.isMark(bytes, position), !joins.base[Int(bytes[position - 1])] {
        return position
      }
      position += 1
    }
    return end
  }
}
