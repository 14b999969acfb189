/// Puts short sequences together into rows of a fixed capacity.
enum SequencePacking {
  /// Rows in the order given: a sequence that does not fit into the current row begins the next.
  static func inOrder(_ order: [Int], lengths: [Int], capacity: Int) -> [[Int]] {
    var (rows, free) = ([[Int]](), 0)
    for index in order {
      let length = lengths[index]
      if let last = rows.indices.last, length <= free {
        rows[last].append(index)
      } else {
        rows.append([index])
        free = capacity
      }
      free -= length
    }
    return rows
  }

  /// Rows as full as can be: the longest first, each into the row with the least room that still takes it.
  ///
  /// Source: best-fit decreasing; Johnson 1973, "Near-optimal bin packing algorithms".
  /// - Complexity: O(n log n + n capacity / 64)
  static func bestFit(_ order: [Int], lengths: [Int], capacity: Int) -> [[Int]] {
    let longestFirst = order.enumerated().sorted {
      (lengths[$1.element], $0.offset) < (lengths[$0.element], $1.offset)
    }
    var rows: [[Int]] = []
    // Rows by the room they have left, and which amounts of room there are.
    var withRoom = [[Int]](repeating: [], count: capacity + 1)
    var rooms = SmallNumbers(below: capacity + 1)
    for (_, index) in longestFirst {
      let length = min(lengths[index], capacity)
      let row: Int
      var room = capacity
      if let found = rooms.first(from: length), let open = withRoom[found].popLast() {
        (row, room) = (open, found)
        if withRoom[found].isEmpty { rooms.remove(found) }
        rows[row].append(index)
      } else {
        row = rows.count
        rows.append([index])
      }
      room -= length
      withRoom[room].append(row)
      rooms.insert(room)
    }
    return rows
  }
}

/// A set of small numbers that finds its next member quickly.
private struct SmallNumbers {
  private var words: [UInt64]

  init(below limit: Int) { words = Array(repeating: 0, count: limit / 64 + 1) }

  mutating func insert(_ number: Int) { words[number / 64] |= 1 << UInt64(number % 64) }
  mutating func remove(_ number: Int) { words[number / 64] &= ~(1 << UInt64(number % 64)) }

  /// The smallest member that is at least `start`.
  func first(from start: Int) -> Int? {
    var word = start / 64
    guard word < words.count else { return nil }
    var bits = words[word] & (UInt64.max << UInt64(start % 64))
    while bits == 0 {
      word += 1
      guard word < words.count else { return nil }
      bits = words[word]
    }
    return word * 64 + bits.trailingZeroBitCount
  }
}
