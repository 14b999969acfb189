/// A set of scalars in the form in which it is fastest to look something up.
final class CompiledSet: Sendable {
  private let ascii: ScalarSet.ASCIISet
  private let categories: UInt32
  /// Bounds of ranges, when categories do not say it all.
  private let bounds: Block<UInt32>?

  init(_ set: ScalarSet) {
    ascii = set.ascii
    switch set.rest {
    case .categories(let categories):
      self.categories = categories.rawValue
      bounds = nil
    case .bounds(let list):
      categories = 0
      bounds = Block(list, filler: 0)
    }
  }

  /// The length of the character at `position`, if it is in the set; else 0.
  @inline(__always)
  func match(_ text: UnsafePointer<UInt8>, _ position: Int) -> Int {
    let byte = text[position]
    if byte < 0x80 { return ascii.contains(byte) ? 1 : 0 }
    let next = scalar(text, at: position)
    guard let bounds else {
      return categories >> UInt32(unicode.categories[next.value]) & 1 != 0 ? next.length : 0
    }
    var low = 0
    var high = bounds.count
    while low < high {
      let middle = (low + high) / 2
      if bounds.base[middle] <= next.value { low = middle + 1 } else { high = middle }
    }
    return low % 2 == 1 ? next.length : 0
  }
}
