/// A half-open range of byte positions, in half the room of `Range<Int>`.
struct Span: Equatable, BitwiseCopyable, Sendable {
  var start: UInt32
  var end: UInt32

  @inline(__always)
  init(_ start: Int, _ end: Int) {
    self.start = UInt32(truncatingIfNeeded: start)
    self.end = UInt32(truncatingIfNeeded: end)
  }

  @inline(__always) var lower: Int { Int(start) }
  @inline(__always) var upper: Int { Int(end) }
  @inline(__always) var count: Int { Int(end) - Int(start) }
  @inline(__always) var isEmpty: Bool { start == end }

  static let zero = Span(0, 0)
}
