/// A text on its way through normalization, every byte of which knows the original bytes it came from.
///
/// `bytes` is UTF-8 followed by `textPadding` zeros. Until something changes the text there are no `spans`: byte
/// `i` then comes from the original character around `origin + i`.
struct AlignedText: Sendable {
  private(set) var bytes: [UInt8]
  private(set) var count: Int
  /// For every byte the original characters it stands for; nil while the text is a slice of the original.
  private(set) var spans: [Span]?
  /// Where in the original the text begins.
  let origin: Int

  /// The largest text that can be encoded at once; positions are kept in 30 bits.
  static let largest = 0x3FFF_FF00

  /// A text not yet changed.
  ///
  /// - Throws: `TokenizerError` when it is larger than positions can say.
  init(_ text: String) throws {
    var text = text
    let bytes = text.withUTF8 { utf8 in
      [UInt8](unsafeUninitializedCapacity: utf8.count + textPadding) { buffer, count in
        _ = buffer.initialize(from: utf8)
        (buffer.baseAddress.map { $0 + utf8.count })?.initialize(repeating: 0, count: textPadding)
        count = utf8.count + textPadding
      }
    }
    guard bytes.count < Self.largest else {
      throw TokenizerError(
        "text of \(bytes.count) bytes, to be encoded at once: split it into parts under 1 GB")
    }
    self.init(padded: bytes, spans: nil, origin: 0)
  }

  /// A text whose bytes already carry their padding.
  init(padded bytes: [UInt8], spans: [Span]?, origin: Int) {
    self.bytes = bytes
    count = bytes.count - textPadding
    self.spans = spans
    self.origin = origin
  }

  /// Part of this text; the part keeps its place in the original.
  func slice(_ range: Range<Int>) -> AlignedText {
    if range == 0..<count { return self }
    var part = [UInt8]()
    part.reserveCapacity(range.count + textPadding)
    part.append(contentsOf: bytes[range])
    part.append(contentsOf: repeatElement(0, count: textPadding))
    guard let spans else { return AlignedText(padded: part, spans: nil, origin: origin + range.lowerBound) }
    let start = range.isEmpty ? origin : spans[range.lowerBound].lower
    return AlignedText(padded: part, spans: Array(spans[range]), origin: start)
  }

  /// The original characters that the bytes of `range`, which is not empty, stand for.
  @inline(__always)
  func original(_ range: Range<Int>) -> Span {
    if let spans {
      return Span(spans[range.lowerBound].lower, spans[range.upperBound - 1].upper)
    }
    return bytes.withUnsafeBufferPointer { buffer in
      var start = range.lowerBound
      var end = range.upperBound
      while start > 0, isContinuation(buffer[start]) { start -= 1 }
      while end < count, isContinuation(buffer[end]) { end += 1 }
      return Span(origin + start, origin + end)
    }
  }

  /// Whether every byte is an ASCII character.
  var isASCII: Bool {
    bytes.withUnsafeBytes { buffer in
      var position = 0
      // The padding makes it safe to read whole words past the end, and it is itself ASCII.
      while position < count {
        let word = buffer.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        if word & 0x8080_8080_8080_8080 != 0 { return false }
        position += 8
      }
      return true
    }
  }

  /// Refuses a text that has grown out of all proportion while it was changed.
  ///
  /// - Throws: `TokenizerError` when it has.
  func checkGrowth(from before: Int) throws {
    guard count <= before * 64 + (1 << 20), count < Self.largest else {
      throw TokenizerError(
        "text of \(before) bytes, which its normalizers or pre-tokenizers made \(count) bytes long: have them replace "
          + "less")
    }
  }

  /// The text as a string.
  var string: String { String(decoding: bytes[..<count], as: UTF8.self) }

  /// Calls `body` with the bytes.
  @inline(__always)
  func withBytes<Result>(_ body: (UnsafePointer<UInt8>) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBufferPointer { buffer in
      // Never nil: the padding is always there.
      guard let base = buffer.baseAddress else { return try body(emptyBytes.base) }
      return try body(base)
    }
  }

  /// Writes a character over another of the same length.
  mutating func overwrite(_ position: Int, with scalar: UInt32) {
    var written: [UInt8] = []
    append(scalar, to: &written)
    for (index, byte) in written.enumerated() { bytes[position + index] = byte }
  }

  /// Replaces every byte without moving any: for changes that keep the length of every character.
  mutating func mapBytes(_ change: (UInt8) -> UInt8) {
    for index in 0..<count { bytes[index] = change(bytes[index]) }
  }
}

/// What stands in for the bytes of nothing at all.
let emptyBytes = Block<UInt8>(repeating: 0, count: textPadding)
