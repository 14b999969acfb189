import Foundation

/// Numbers by byte string: an open-addressing table over one arena of bytes. Keys are bytes, never `String`s, whose
/// equality would merge tokens that are canonically equivalent.
final class ByteStringTable: @unchecked Sendable {
  // Unchecked because of the mutating `insert`, which is only called while the table is being built.
  private struct Slot: BitwiseCopyable {
    /// Of the key, which says where the slot is too: growing reads no keys.
    var hash: UInt32
    var value: Int32
    var start: UInt32
    var count: UInt32
  }

  private var slots: Block<Slot>
  private var mask: Int
  private var arena: [UInt8] = []
  private(set) var count = 0
  /// The length of the longest key.
  private(set) var longest = 0

  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = Block(repeating: Slot(hash: 0, value: -1, start: 0, count: 0), count: size)
    mask = size - 1
    arena.reserveCapacity(capacity * 8)
  }

  /// The bytes of all keys, one after the other.
  var bytes: [UInt8] { arena }

  /// Where the key inserted last, or found to be there, lies in `bytes`.
  private(set) var lastPlace = Span.zero

  /// Sets the number of a key, and returns the one it had before.
  @discardableResult
  func insert(_ key: UnsafeBufferPointer<UInt8>, _ value: Int32) -> Int32? {
    if (count + 1) * 2 > slots.count { grow() }
    let base = key.baseAddress ?? UnsafePointer(emptyBytes.base)
    let short = Self.hash(base, key.count)
    var index = Int(short) & mask
    while slots.base[index].value >= 0 {
      if slots.base[index].hash == short, matches(slots.base[index], base, key.count) {
        let old = slots.base[index].value
        slots.base[index].value = value
        lastPlace = Span(Int(slots.base[index].start), Int(slots.base[index].start) + key.count)
        return old
      }
      index = (index + 1) & mask
    }
    slots.base[index] = Slot(
      hash: short, value: value, start: UInt32(arena.count), count: UInt32(key.count))
    lastPlace = Span(arena.count, arena.count + key.count)
    arena.append(contentsOf: key)
    longest = max(longest, key.count)
    count += 1
    return nil
  }

  /// The number of a key.
  @inline(__always)
  func find(_ key: UnsafePointer<UInt8>, count: Int) -> Int32? {
    let short = Self.hash(key, count)
    var index = Int(short) & mask
    while slots.base[index].value >= 0 {
      if slots.base[index].hash == short, matches(slots.base[index], key, count) {
        return slots.base[index].value
      }
      index = (index + 1) & mask
    }
    return nil
  }

  /// The number of a key.
  func find(_ key: some Sequence<UInt8>) -> Int32? {
    Array(key).withUnsafeBufferPointer {
      find($0.baseAddress ?? UnsafePointer(emptyBytes.base), count: $0.count)
    }
  }

  @inline(__always)
  private static func hash(_ key: UnsafePointer<UInt8>, _ count: Int) -> UInt32 {
    let full = Tokenizers.hash(key, count: count)
    return UInt32(truncatingIfNeeded: full ^ full >> 32)
  }

  @inline(__always)
  private func matches(_ slot: Slot, _ key: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    Int(slot.count) == count
      && arena.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return count == 0 }
        return memcmp(base + Int(slot.start), key, count) == 0
      }
  }

  private func grow() {
    let old = slots
    slots = Block(repeating: Slot(hash: 0, value: -1, start: 0, count: 0), count: old.count * 2)
    mask = slots.count - 1
    for position in 0..<old.count where old.base[position].value >= 0 {
      let slot = old.base[position]
      var index = Int(slot.hash) & mask
      while slots.base[index].value >= 0 { index = (index + 1) & mask }
      slots.base[index] = slot
    }
  }
}
