import Files
import Foundation

/// The same work on many things, a few at a time, on threads of their own, since each waits for a server.
enum Workers {
  /// - Parameter body: after one has thrown, nothing new is begun.
  /// - Throws: the first error.
  static func forEach<Item: Sendable>(
    _ items: [Item], atOnce: Int = 4, _ body: @escaping @Sendable (Item) throws -> Void
  ) throws {
    let state = Locked<(next: Int, failure: (any Error)?)>((0, nil))
    let group = DispatchGroup()
    for _ in 0..<min(atOnce, items.count) {
      group.enter()
      let thread = Thread {
        defer { group.leave() }
        while let item = state.withLock({ state -> Item? in
          guard state.failure == nil, state.next < items.count else { return nil }
          state.next += 1
          return items[state.next - 1]
        }) {
          do { try body(item) } catch { state.withLock { $0.failure = $0.failure ?? error } }
        }
      }
      // Hashing and parsing nest little, but the default of secondary threads is small.
      thread.stackSize = 4 << 20
      thread.start()
    }
    group.wait()
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// What `body` makes of each item, in their order.
  static func map<Item: Sendable, Result: Sendable>(
    _ items: [Item], atOnce: Int = 4, _ body: @escaping @Sendable (Item) throws -> Result
  ) throws -> [Result] {
    let results = Locked([Result?](repeating: nil, count: items.count))
    try forEach(
      Array(items.enumerated()).map { IndexedItem(index: $0.offset, item: $0.element) }, atOnce: atOnce
    ) { entry in
      let result = try body(entry.item)
      results.withLock { $0[entry.index] = result }
    }
    return results.withLock { $0.compactMap { $0 } }
  }

  private struct IndexedItem<Item: Sendable>: Sendable {
    let index: Int
    let item: Item
  }
}
