/// Counts the Unicode scalars before byte positions that mostly ascend, each from where the last was found.
struct ScalarCursor {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var scalars = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// How many scalars begin before `target`.
  mutating func scalars(upTo target: Int) -> Int {
    let target = min(max(target, 0), bytes.count)
    while position < target {
      if !isContinuation(bytes[position]) { scalars += 1 }
      position += 1
    }
    while position > target {
      position -= 1
      if !isContinuation(bytes[position]) { scalars -= 1 }
    }
    return scalars
  }
}
