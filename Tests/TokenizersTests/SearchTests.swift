import Testing

@testable import Tokenizers

/// The tables and automata that tokens are found with, against the plain way to do the same.
struct SearchTests {
  private func bytes(_ random: inout SystemRandomNumberGenerator, _ count: Range<Int>) -> [UInt8] {
    (0..<Int.random(in: count, using: &random)).map { _ in UInt8.random(in: 97..<100, using: &random) }
  }

  @Test("finds the leftmost and longest of many strings in one pass")
  func ahoCorasick() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<400 {
      let strings = (0..<Int.random(in: 1..<8, using: &random)).map { _ in bytes(&random, 1..<6) }
      let automaton = AhoCorasick(strings.enumerated().map { ($1, Int32($0)) })
      let text = bytes(&random, 0..<40)
      var found: [Range<Int>] = []
      (text + [UInt8](repeating: 0, count: textPadding)).withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        var position = 0
        while let match = automaton.next(in: base, from: position, to: text.count) {
          #expect(strings[Int(match.id)] == Array(text[match.range]))
          found.append(match.range)
          position = match.range.upperBound
        }
      }
      #expect(found == leftmostLongest(strings, text), "\(strings) in \(text)")
    }
  }

  private func leftmostLongest(_ strings: [[UInt8]], _ text: [UInt8]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var position = 0
    while position < text.count {
      let longest = strings.filter { text[position...].starts(with: $0) }.map(\.count).max()
      if let longest { found.append(position..<position + longest) }
      position += longest ?? 1
    }
    return found
  }

  @Test("finds what a dictionary finds")
  func tables() {
    var random = SystemRandomNumberGenerator()
    var expected: [[UInt8]: Int32] = [:]
    let table = ByteStringTable(capacity: 4)
    for number in 0..<3_000 {
      let key = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
        UInt8.random(in: 0..<4, using: &random)
      }
      let before = key.withUnsafeBufferPointer { table.insert($0, Int32(number)) }
      #expect(before == expected[key])
      expected[key] = Int32(number)
    }
    #expect(table.count == expected.count)
    for (key, value) in expected { #expect(table.find(key) == value) }
    let keys = expected.filter { !$0.key.isEmpty }.map { (key: $0.key, value: $0.value) }
    let arena = Block(keys.flatMap(\.key), filler: 0)
    var start = 0
    let trie = DoubleArrayTrie(
      keys.map { entry in
        defer { start += entry.key.count }
        return (UnsafeBufferPointer(start: arena.base + start, count: entry.key.count), entry.value)
      })
    for (key, value) in keys {
      let text = key + [9]
      let longest = (1...key.count).reversed().first { expected[Array(key[..<$0])] != nil }
      let found = text.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.flatMap { trie.longestPrefix($0, count: text.count) }
      }
      #expect(found?.length == longest)
      #expect(found?.value == value)
    }
  }

  @Test("merges many symbols as it merges few", arguments: [3, 40, 64, 65, 200])
  func merging(count: Int) {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      let merges = (0..<20).map { rank in
        (
          left: Int32.random(in: 0..<12, using: &random), right: Int32.random(in: 0..<12, using: &random),
          result: Int32(12 + rank % 6)
        )
      }
      let table = MergeTable(merges)
      var symbols = (0..<count).map { _ in Symbol(id: Int32.random(in: 0..<4, using: &random), length: 1) }
      var expected = symbols
      while let best = (1..<max(expected.count, 1)).map({ table.merge(expected[$0 - 1].id, expected[$0].id) })
        .min(),
        best != MergeTable.none,
        let place = (1..<expected.count).first(where: {
          table.merge(expected[$0 - 1].id, expected[$0].id) == best
        })
      {
        expected[place - 1] = Symbol(
          id: MergeTable.symbol(best), length: expected[place - 1].length + expected[place].length)
        expected.remove(at: place)
      }
      var merger = Merger()
      merger.merge(&symbols, with: table)
      #expect(symbols.map(\.id) == expected.map(\.id))
      #expect(symbols.map(\.length) == expected.map(\.length))
    }
  }
}
