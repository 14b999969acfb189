/// Byte pair encoding proper: merges neighbouring symbols, always the pair of lowest rank, the leftmost of equals.
struct Merger {
  private var ranked: [MergeTable.Merge] = []
  private var heap: [UInt64] = []
  private var before: [Int32] = []
  private var after: [Int32] = []

  /// Up to this many symbols, searching all pairs for the best is faster than keeping a heap.
  private static let fewSymbols = 64

  /// Merges `symbols` in place.
  mutating func merge(_ symbols: inout [Symbol], with table: MergeTable) {
    if symbols.count < 2 { return }
    if symbols.count <= Self.fewSymbols { mergeFew(&symbols, table) } else { mergeMany(&symbols, table) }
  }

  private mutating func mergeFew(_ symbols: inout [Symbol], _ table: MergeTable) {
    ranked.removeAll(keepingCapacity: true)
    for index in 1..<symbols.count { ranked.append(table.merge(symbols[index - 1].id, symbols[index].id)) }
    let count = symbols.withUnsafeMutableBufferPointer { symbols in
      ranked.withUnsafeMutableBufferPointer { ranked in
        var count = symbols.count
        while count > 1 {
          var best = ranked[0]
          var place = 0
          var index = 1
          while index < count - 1 {
            if ranked[index] < best {
              best = ranked[index]
              place = index
            }
            index += 1
          }
          if best == MergeTable.none { break }
          symbols[place].id = MergeTable.symbol(best)
          symbols[place].length += symbols[place + 1].length
          count -= 1
          index = place + 1
          while index < count {
            symbols[index] = symbols[index + 1]
            ranked[index - 1] = ranked[index]
            index += 1
          }
          if place > 0 { ranked[place - 1] = table.merge(symbols[place - 1].id, symbols[place].id) }
          if place + 1 < count { ranked[place] = table.merge(symbols[place].id, symbols[place + 1].id) }
        }
        return count
      }
    }
    symbols.removeLast(symbols.count - count)
  }

  /// The same with a linked list and a heap of (rank, position), for texts that come in one long piece.
  private mutating func mergeMany(_ symbols: inout [Symbol], _ table: MergeTable) {
    let count = symbols.count
    before = (0..<count).map { Int32($0) - 1 }
    after = (0..<count).map { Int32($0) + 1 }
    heap.removeAll(keepingCapacity: true)
    for index in 1..<count { push(symbols, index - 1, index, table) }
    while let best = pop() {
      let place = Int(best & 0xFFFF_FFFF)
      let next = Int(after[place])
      guard symbols[place].length > 0, next < count else { continue }
      let merge = table.merge(symbols[place].id, symbols[next].id)
      // The pair may have changed since it was queued.
      guard merge != MergeTable.none, merge >> 32 == best >> 32 else { continue }
      symbols[place].id = MergeTable.symbol(merge)
      symbols[place].length += symbols[next].length
      symbols[next].length = 0
      let following = Int(after[next])
      after[place] = Int32(following)
      if following < count { before[following] = Int32(place) }
      if before[place] >= 0 { push(symbols, Int(before[place]), place, table) }
      if following < count { push(symbols, place, following, table) }
    }
    symbols.removeAll { $0.length == 0 }
  }

  private mutating func push(_ symbols: [Symbol], _ left: Int, _ right: Int, _ table: MergeTable) {
    let merge = table.merge(symbols[left].id, symbols[right].id)
    guard merge != MergeTable.none else { return }
    heap.append((merge >> 32) << 32 | UInt64(left))
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func pop() -> UInt64? {
    guard let best = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return best }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      if 2 * parent + 1 < heap.count, heap[2 * parent + 1] < heap[least] { least = 2 * parent + 1 }
      if 2 * parent + 2 < heap.count, heap[2 * parent + 2] < heap[least] { least = 2 * parent + 2 }
      if least == parent { return best }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
