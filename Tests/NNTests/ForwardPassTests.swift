import NN
import Testing
import Torch

/// Where the last occurrence of a sequence of tokens begins to count.
struct ForwardPassTests {
  private func marks(_ rows: [[Int]], earlier: [[Int]]? = nil, segments: [[Int]]? = nil, _ sequence: [Int])
    throws
    -> [[Bool]]
  {
    func tensor(_ rows: [[Int]]) throws -> Tensor {
      try Tensor(rows.flatMap(\.self), shape: [rows.count, rows.first?.count ?? 0])
    }
    let pass = ForwardPass(
      ids: try tensor(rows), earlier: try earlier.map(tensor), segments: try segments.map(tensor))
    let mask = try pass.tokens(from: sequence)
    #expect(try pass.tokens(from: sequence) === mask)
    let values = try mask.array(of: Bool.self)
    return rows.indices.map { row in Array(values[(row * rows[0].count)..<((row + 1) * rows[0].count)]) }
  }

  @Test func theLastOccurrenceCountsInEachRow() throws {
    let found = try marks([[7, 8, 1, 7, 8, 2], [1, 7, 1, 8, 7, 7], [8, 7, 8, 7, 8, 7]], [7, 8])
    #expect(
      found == [
        [false, false, false, true, true, true], Array(repeating: false, count: 6),
        [false, false, false, true, true, true],
      ])
  }

  @Test func occurrencesMayOverlapAndEndTheRow() throws {
    #expect(try marks([[5, 5, 5]], [5, 5]) == [[false, true, true]])
    #expect(try marks([[1, 2, 3]], [3]) == [[false, false, true]])
    #expect(try marks([[1, 2]], [1, 2, 3]) == [[false, false]])
  }

  @Test func tokensOfEarlierPassesCount() throws {
    #expect(try marks([[4], [4]], earlier: [[7, 8, 1], [1, 2, 3]], [7, 8]) == [[true], [false]])
    #expect(try marks([[8, 1]], earlier: [[1, 7]], [7, 8]) == [[true, true]])
  }

  @Test func textsInOneRowAreApart() throws {
    let found = try marks(
      [[7, 8, 1, 7, 2, 8, 7, 8]], segments: [[0, 0, 0, 0, 1, 1, 1, 1]], [7, 8])
    #expect(found == [[true, true, true, true, false, false, true, true]])
    #expect(try marks([[1, 7, 8, 2]], segments: [[0, 0, 1, 1]], [7, 8]) == [[false, false, false, false]])
  }

  @Test func aCacheKeepsTheTokensOfItsRows() throws {
    let cache = KeyValueCache(layers: 1)
    try cache.extendIDs(Tensor([1, 2, 3, 4], shape: [2, 2]))
    try cache.extendIDs(Tensor([5, 6], shape: [2, 1]))
    try cache.select(rows: Tensor([1]))
    #expect(try #require(cache.ids).array(of: Int.self) == [3, 4, 6])
  }
}
