/// Which pairs of symbols merge, in what order and into what: an open-addressing table by pair.
final class MergeTable: Sendable {
  /// What a pair merges to: its rank in the upper half, the new symbol in the lower.
  typealias Merge = UInt64

  /// Stands for "these two do not merge"; ranks after every merge.
  static let none = Merge.max

  private struct Slot: BitwiseCopyable {
    var pair: UInt64
    var merge: Merge
  }

  private let slots: Block<Slot>
  private let mask: Int
  let count: Int

  /// The table of `merges`, ranked by position; of a pair named twice the last stands.
  init(_ merges: [(left: Int32, right: Int32, result: Int32)]) {
    var size = 16
    while size < merges.count * 2 { size *= 2 }
    slots = Block(repeating: Slot(pair: .max, merge: Self.none), count: size)
    mask = size - 1
    count = merges.count
    for (rank, merge) in merges.enumerated() {
      let pair = Self.key(merge.left, merge.right)
      var index = Self.place(pair) & mask
      while slots.base[index].pair != .max, slots.base[index].pair != pair { index = (index + 1) & mask }
      slots.base[index] = Slot(
        pair: pair, merge: UInt64(rank) << 32 | UInt64(UInt32(bitPattern: merge.result)))
    }
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private static func place(_ pair: UInt64) -> Int {
    Int(truncatingIfNeeded: mixed(pair ^ 0x9E37_79B9_7F4A_7C15, 0xA076_1D64_78BD_642F))
  }

  /// What two neighbours merge to, or `none`.
  @inline(__always)
  func merge(_ left: Int32, _ right: Int32) -> Merge {
    let pair = Self.key(left, right)
    var index = Self.place(pair) & mask
    while true {
      let slot = slots.base[index]
      if slot.pair == pair { return slot.merge }
      if slot.pair == .max { return Self.none }
      index = (index + 1) & mask
    }
  }

  /// The symbol that a merge makes.
  @inline(__always)
  static func symbol(_ merge: Merge) -> Int32 { Int32(truncatingIfNeeded: merge) }
}
