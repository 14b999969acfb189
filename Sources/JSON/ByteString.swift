/// A string told apart and ordered by its UTF-8 bytes, which is code point order.
///
/// Swift's own `==` merges canonically equivalent strings; file formats and tokenizers must not.
package struct ByteString: Hashable, Comparable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  package static func == (left: ByteString, right: ByteString) -> Bool {
    guard left.text.utf8.count == right.text.utf8.count else { return false }
    return left.withBytes { left in right.withBytes { right in left.elementsEqual(right) } }
  }

  package static func < (left: ByteString, right: ByteString) -> Bool {
    left.withBytes { left in right.withBytes { right in left.lexicographicallyPrecedes(right) } }
  }

  package func hash(into hasher: inout Hasher) {
    withBytes { bytes in
      hasher.combine(bytes.count)
      hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    }
  }

  @inline(__always)
  func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
    var native = text
    return native.withUTF8(body)
  }
}
