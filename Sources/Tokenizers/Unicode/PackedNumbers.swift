/// Unpacks the numbers in the generated character tables.

/// The runs of a run-length coded table: a value at `0`...`O`, then its length less one in base 32.
func forEachRun(in packed: StaticString, _ body: (_ value: UInt8, _ range: Range<Int>) -> Void) {
  var start = 0
  var value: UInt8?
  var length = 0
  packed.withUTF8Buffer { bytes in
    for byte in bytes where byte >= 0x30 {
      if byte >= 0x50 {
        length = length * 32 + Int(byte - 0x50)
        continue
      }
      if let value {
        body(value, start..<start + length + 1)
        start += length + 1
      }
      value = byte - 0x30
      length = 0
    }
  }
  if let value { body(value, start..<start + length + 1) }
}

/// The items of a list table: each begins with `0`, its numbers in base 32 are parted by `1`.
func forEachItem(in packed: StaticString, _ body: ([UInt32]) -> Void) {
  var item: [UInt32] = []
  packed.withUTF8Buffer { bytes in
    for byte in bytes where byte >= 0x30 {
      if byte >= 0x50 {
        item[item.count - 1] = item[item.count - 1] * 32 + UInt32(byte - 0x50)
        continue
      }
      if byte == 0x30 {
        if !item.isEmpty { body(item) }
        item.removeAll(keepingCapacity: true)
      }
      item.append(0)
    }
  }
  if !item.isEmpty { body(item) }
}
