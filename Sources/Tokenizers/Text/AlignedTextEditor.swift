/// Builds the next version of an `AlignedText` from front to back, carrying the alignment along.
struct AlignedTextEditor {
  private let source: AlignedText
  private var bytes: [UInt8] = []
  private var spans: [Span] = []

  init(_ source: AlignedText, extra: Int = 0) {
    self.source = source
    bytes.reserveCapacity(source.count + extra + textPadding)
    spans.reserveCapacity(source.count + extra)
  }

  /// How many bytes there are so far.
  var count: Int { bytes.count }

  /// Where what is inserted before everything comes from: nothing, at the beginning.
  private var nowhere: Span { Span(source.origin, source.origin) }

  /// Copies the bytes of `range`, aligned as they were.
  mutating func keep(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    bytes.append(contentsOf: source.bytes[range])
    if let known = source.spans {
      spans.append(contentsOf: known[range])
      return
    }
    source.withBytes { text in
      var position = range.lowerBound
      while position < range.upperBound {
        let length = utf8Length(leading: text[position])
        let span = Span(source.origin + position, source.origin + position + length)
        for _ in 0..<length { spans.append(span) }
        position += length
      }
    }
  }

  /// Adds bytes aligned with the character of the source that the byte at `position` belongs to.
  mutating func insert(_ new: [UInt8], alignedWith position: Int) {
    let span = position < source.count ? source.original(position..<position + 1) : nowhere
    bytes.append(contentsOf: new)
    spans.append(contentsOf: repeatElement(span, count: new.count))
  }

  /// Adds a scalar aligned with the character of the source that the byte at `position` belongs to, or with
  /// nothing when `position` is nil.
  @inline(__always)
  mutating func insert(_ scalar: UInt32, alignedWith position: Int?) {
    var span = nowhere
    if let position, position < source.count { span = source.original(position..<position + 1) }
    let before = bytes.count
    append(scalar, to: &bytes)
    for _ in before..<bytes.count { spans.append(span) }
  }

  /// The edited text.
  consuming func finish() -> AlignedText {
    bytes.append(contentsOf: repeatElement(0, count: textPadding))
    return AlignedText(padded: bytes, spans: spans, origin: source.origin)
  }
}
