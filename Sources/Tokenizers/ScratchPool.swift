import Foundation

/// Hands out working memory, so that threads that encode at the same time do not share any.
final class ScratchPool: @unchecked Sendable {
  // Unchecked because the array is only touched with the lock held.
  private let lock = NSLock()
  private var free: [Scratch] = []

  /// Calls `body` with memory that nobody else has.
  func with<Result>(_ body: (inout Scratch) throws -> Result) rethrows -> Result {
    lock.lock()
    var scratch = free.popLast() ?? Scratch()
    lock.unlock()
    defer {
      lock.lock()
      free.append(scratch)
      lock.unlock()
    }
    return try body(&scratch)
  }
}
