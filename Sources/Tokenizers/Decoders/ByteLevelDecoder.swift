/// Reads printable characters as the bytes they stand for; bytes that are no UTF-8 become U+FFFD.
struct ByteLevelDecoder: Decoder {
  func decode(_ tokens: inout [[UInt8]]) {
    var bytes: [UInt8] = []
    for token in tokens {
      // A token with any other character is taken as it is.
      bytes += token.withUnsafeBufferPointer { ByteAlphabet.decoded($0) } ?? token
    }
    tokens = [Array(String(decoding: bytes, as: UTF8.self).utf8)]
  }
}
