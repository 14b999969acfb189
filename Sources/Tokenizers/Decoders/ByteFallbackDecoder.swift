/// Reads runs of byte tokens such as `<0xE2>` as characters; a run that is no UTF-8 becomes one U+FFFD for each byte.
struct ByteFallbackDecoder: Decoder {
  func decode(_ tokens: inout [[UInt8]]) {
    var decoded: [[UInt8]] = []
    var run: [UInt8] = []
    func flush() {
      guard !run.isEmpty else { return }
      if String(decoding: run, as: UTF8.self).utf8.elementsEqual(run) {
        decoded.append(run)
      } else {
        for _ in run { decoded.append([0xEF, 0xBF, 0xBD]) }
      }
      run.removeAll()
    }
    for token in tokens {
      if let byte = Self.byte(token) {
        run.append(byte)
      } else {
        flush()
        decoded.append(token)
      }
    }
    flush()
    tokens = decoded
  }

  func endsInsideCharacter(_ tokens: [[UInt8]]) -> Bool {
    let run = tokens.reversed().lazy.map(Self.byte).prefix { $0 != nil }.compactMap(\.self).reversed()
    let begun = countOfBegunCharacter(Array(run))
    return begun > 0 && Array(run.dropLast(begun)).withUnsafeBufferPointer(isValidUTF8)
  }

  /// The byte that a token names.
  static func byte(_ token: some RandomAccessCollection<UInt8>) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".utf8), token.last == UInt8(ascii: ">") else {
      return nil
    }
    let digits = String(decoding: token.dropFirst(3).prefix(2), as: UTF8.self)
    return UInt8(digits, radix: 16)
  }
}
