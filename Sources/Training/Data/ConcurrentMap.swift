import Dispatch

/// Maps over many elements on all cores; the results keep their order, and the first error is the first in order.
///
/// - Parameter block: elements that one core takes at a time.
package func concurrentMap<Element: Sendable, Result: Sendable>(
  _ elements: [Element], block: Int = 64, _ body: @escaping @Sendable (Element) throws -> Result
) throws -> [Result] {
  let results = Blocks<Result>(count: (elements.count + block - 1) / block)
  DispatchQueue.concurrentPerform(iterations: results.count) { index in
    guard !results.hasFailed(before: index) else { return }
    let range = index * block..<min((index + 1) * block, elements.count)
    results.set(index, Swift.Result { try elements[range].map(body) })
  }
  return try results.joined()
}

/// The results of each block, behind a lock.
private final class Blocks<Element: Sendable>: @unchecked Sendable {
  let count: Int
  private let lock = DispatchQueue(label: "swift-peft.concurrent-map")
  private var results: [Result<[Element], any Error>?]
  private var firstFailure = Int.max

  init(count: Int) {
    self.count = count
    results = Array(repeating: nil, count: count)
  }

  func set(_ index: Int, _ result: Result<[Element], any Error>) {
    lock.sync {
      results[index] = result
      if case .failure = result { firstFailure = min(firstFailure, index) }
    }
  }

  /// Whether an earlier block has failed, so that this one's result does not matter.
  func hasFailed(before index: Int) -> Bool { lock.sync { firstFailure < index } }

  func joined() throws -> [Element] {
    try lock.sync {
      var all: [Element] = []
      for result in results {
        guard let result else { break }
        all += try result.get()
      }
      return all
    }
  }
}
