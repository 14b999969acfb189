import Files

/// Who hears how far a pull or a push is; any thread may call.
public struct HubProgress: Sendable {
  /// A line for the user.
  public let note: @Sendable (String) -> Void
  /// Bytes that are done, of how many.
  public let update: @Sendable (_ done: Int, _ total: Int) -> Void

  public init(
    note: @escaping @Sendable (String) -> Void = { _ in },
    update: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) {
    (self.note, self.update) = (note, update)
  }
}

/// How far several files are that move at once.
final class ByteCount: Sendable {
  private struct State {
    var positions: [String: Int] = [:]
    var sum = 0
    var transferred = 0
  }

  private let total: Int
  private let progress: HubProgress
  private let state = Locked(State())

  init(total: Int, _ progress: HubProgress) { (self.total, self.progress) = (total, progress) }

  /// Bytes that went over the network, those that were sent again included.
  var transferred: Int { state.withLock { $0.transferred } }

  /// Says that of a file so many bytes are there.
  ///
  /// - Parameter transferred: how many of them came or went since the last time.
  func report(_ name: String, at position: Int, transferred: Int = 0) {
    let sum = state.withLock { state in
      state.sum += position - (state.positions.updateValue(position, forKey: name) ?? 0)
      state.transferred += transferred
      return state.sum
    }
    progress.update(sum, total)
  }
}
