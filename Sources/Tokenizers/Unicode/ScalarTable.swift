/// A small value for every Unicode scalar, in two stages: pages of 128 scalars, equal pages stored once.
final class ScalarTable: Sendable {
  private let pages: Block<UInt16>
  private let values: Block<UInt8>

  private static let pageSize = 128

  /// The table a run-length code unpacks to.
  init(_ packed: StaticString) {
    let pages = Block<UInt16>(repeating: 0, count: 0x110000 / Self.pageSize)
    var numbers: [[UInt8]: UInt16] = [:]
    var distinct: [UInt8] = []
    func number(_ content: [UInt8]) -> UInt16 {
      if let known = numbers[content] { return known }
      let number = UInt16(numbers.count)
      numbers[content] = number
      distinct += content
      return number
    }
    var page = 0
    var current: [UInt8] = []
    forEachRun(in: packed) { value, range in
      var left = range.count
      while left > 0, page < pages.count {
        if current.isEmpty, left >= Self.pageSize {
          // Long runs fill many pages with the same.
          let whole = min(left / Self.pageSize, pages.count - page)
          let constant = number(Array(repeating: value, count: Self.pageSize))
          for _ in 0..<whole {
            pages.base[page] = constant
            page += 1
          }
          left -= whole * Self.pageSize
          continue
        }
        let part = min(left, Self.pageSize - current.count)
        current += repeatElement(value, count: part)
        left -= part
        if current.count == Self.pageSize {
          pages.base[page] = number(current)
          page += 1
          current.removeAll(keepingCapacity: true)
        }
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
