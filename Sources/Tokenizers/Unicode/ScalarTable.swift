/// A small value for every Unicode scalar, in two stages: pages of 128 scalars, equal pages stored once.
final class ScalarTable: Sendable {
  private let pages: Block<UInt16>
  private let values: Block<UInt8>

  /// The table a run-length code unpacks to.
  init(_ packed: StaticString) {
    var flat = [UInt8](repeating: 0, count: 0x110000)
    forEachRun(in: packed) { value, range in
      guard value != 0 else { return }
      for scalar in range.clamped(to: 0..<flat.count) { flat[scalar] = value }
    }
    var numbers: [[UInt8]: UInt16] = [:]
    var distinct: [UInt8] = []
    let pages = Block<UInt16>(repeating: 0, count: flat.count / 128)
    for page in 0..<flat.count / 128 {
      let content = Array(flat[page * 128..<page * 128 + 128])
      if let known = numbers[content] {
        pages.base[page] = known
      } else {
        let number = UInt16(numbers.count)
        numbers[content] = number
        distinct += content
        pages.base[page] = number
      }
    }
    self.pages = pages
    values = Block(distinct, filler: 0)
  }

  @inline(__always)
  subscript(scalar: UInt32) -> UInt8 {
    guard scalar < 0x110000 else { return 0 }
    let page = Int(pages.base[Int(scalar >> 7)])
    return values.base[page << 7 | Int(scalar & 127)]
  }
}
