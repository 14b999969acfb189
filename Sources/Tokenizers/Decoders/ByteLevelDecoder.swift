/// Reads printable characters as the bytes they stand for; bytes that are no UTF-8 become U+FFFD.
struct ByteLevelDecoder: Decoder {
  func decode(_ tokens: inout [[UInt8]]) {
    tokens = [Array(String(decoding: bytes(tokens[...]), as: UTF8.self).utf8)]
  }

  func endsInsideCharacter(_ tokens: [[UInt8]]) -> Bool {
    // Four tokens hold the longest character.
    countOfBegunCharacter(bytes(tokens.suffix(4))) > 0
  }

  private func bytes(_ tokens: ArraySlice<[UInt8]>) -> [UInt8] {
    var bytes: [UInt8] = []
    for token in tokens {
      // A token with any other character is taken as it is.
      bytes += token.withUnsafeBufferPointer { ByteAlphabet.decoded($0) } ?? token
    }
    return bytes
  }
}
