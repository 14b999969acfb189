/// A block of memory whose address never moves, for tables that are written once and then only read.
///
/// Hot loops read tables through the bare pointer, without the exclusivity and bounds checks of an array;
/// whoever indexes a block has to know its size.
final class Block<Element: BitwiseCopyable>: @unchecked Sendable {
  // Unchecked because of the pointer alone: blocks are filled before they are shared and never written after.
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(repeating element: Element, count: Int) {
    base = .allocate(capacity: max(count, 1))
    self.count = count
    base.initialize(repeating: element, count: max(count, 1))
  }

  convenience init(_ elements: [Element], filler: Element) {
    self.init(repeating: filler, count: elements.count)
    elements.withUnsafeBufferPointer { buffer in
      if let source = buffer.baseAddress { base.update(from: source, count: buffer.count) }
    }
  }

  deinit { base.deallocate() }
}
