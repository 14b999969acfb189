/// Counts the Unicode scalars before byte positions that mostly ascend, each from where the last was found.
struct ScalarCursor {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var started = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The number of the scalar that holds the byte at `target`, or the number of all at the end.
  mutating func scalar(at target: Int) -> Int {
    let target = min(max(target, 0), bytes.count)
    while position < target {
      if !isContinuation(bytes[position]) { started += 1 }
      position += 1
    }
    while position > target {
      position -= 1
      if !isContinuation(bytes[position]) { started -= 1 }
    }
    return target < bytes.count && isContinuation(bytes[target]) ? started - 1 : started
  }

  /// The characters of a span.
  ///
  /// The byte tokens of a suffix can reach beyond the text. The reference implementation then gives their bytes, or
  /// two characters from where they begin.
  mutating func characters(of span: Span) -> Range<Int> {
    let lower = scalar(at: span.lower)
    if span.upper > bytes.count {
      return span.lower < bytes.count ? lower..<lower + 2 : span.lower..<span.upper
    }
    return lower..<max(lower, scalar(at: span.upper))
  }
}
