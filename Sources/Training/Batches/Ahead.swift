import Dispatch

/// Makes each value of a sequence on another thread while the one before is in use.
final class Ahead<Value: Sendable>: @unchecked Sendable {
  // `next` and `result` are touched only by the consumer, or by the queue between `start` and `done.wait()`.
  private let queue = DispatchQueue(label: "swift-peft.ahead", qos: .userInitiated)
  private let done = DispatchSemaphore(value: 0)
  private let make: (Int) throws -> Value
  private var pending: Int?
  private var result: Result<Value, any Error>?
  private let end: Int

  /// - Parameters:
  ///   - end: the first index that is never asked for.
  ///   - make: called on one thread at a time, for growing indices.
  init(end: Int, _ make: @escaping (Int) throws -> Value) {
    (self.end, self.make) = (end, make)
  }

  /// The value at `index`; the next one is begun.
  func value(_ index: Int) throws -> Value {
    if pending != index {
      finish()
      start(index)
    }
    let value = finish()
    if index + 1 < end { start(index + 1) }
    guard let value else { return try make(index) }
    return try value.get()
  }

  private func start(_ index: Int) {
    pending = index
    queue.async { [self] in
      result = Result { try make(index) }
      done.signal()
    }
  }

  /// Waits for what was begun, if anything was.
  @discardableResult
  private func finish() -> Result<Value, any Error>? {
    guard pending != nil else { return nil }
    done.wait()
    pending = nil
    defer { result = nil }
    return result
  }
}
