/// Progress on one line of a terminal, drawn over itself; plain lines now and then where there is no terminal.
///
/// Any thread may report; what is drawn is one consistent line.
import Files
import Foundation

public final class ProgressLine: Sendable {
  public enum Mode: Sendable, Hashable {
    /// A live line on a terminal, plain lines elsewhere.
    case automatic
    case silent
  }

  private struct State {
    var pace = Pace()
    var status: ProgressStatus?
    var lastDrawn: Double?
    /// Whether the status is newer than what was drawn.
    var isPending = false
    /// Whether the live line is on the screen and must be erased before anything else is written.
    var isOnScreen = false
    var isFinished = false
  }

  private let label: String
  private let mode: Mode
  private let output: TerminalOutput
  private let plainInterval: Double
  private let now: @Sendable () -> Double
  private let state = Locked(State())

  /// A tenth of a second is as often as the eye wants news.
  private static let liveInterval = 0.1

  /// - Parameters:
  ///   - label: What the work is, in front of the line.
  ///   - plainInterval: Seconds between lines where there is no terminal.
  ///   - now: A clock in seconds.
  public init(
    _ label: String, mode: Mode = .automatic, output: TerminalOutput = .standardError,
    plainInterval: Double = 10,
    now: @escaping @Sendable () -> Double = ProgressLine.uptime
  ) {
    self.label = DisplayWidth.fitted(label)
    self.mode = mode
    self.output = output
    self.plainInterval = plainInterval
    self.now = now
  }

  /// Seconds since the machine started, which no change of the wall clock disturbs.
  @Sendable public static func uptime() -> Double { ProcessInfo.processInfo.systemUptime }

  /// Says how far the work is. Calls may be as frequent as they like; the line is drawn when it is time.
  public func update(_ status: ProgressStatus) {
    guard mode != .silent else { return }
    state.withLock { state in
      guard !state.isFinished else { return }
      var status = status
      status.fields = status.fields.map { DisplayWidth.fitted($0) }
      let time = now()
      state.pace.observe(done: status.done, at: time)
      state.status = status
      state.isPending = true
      let interval = output.isInteractive ? ProgressLine.liveInterval : plainInterval
      if let last = state.lastDrawn, time >= last, time - last < interval { return }
      state.lastDrawn = time
      draw(&state)
    }
  }

  /// Writes a line of its own above the live one.
  public func log(_ line: String) {
    guard mode != .silent else { return }
    state.withLock { state in
      erase(&state)
      output.write(line + "\n")
      if output.isInteractive, !state.isFinished, state.status != nil { draw(&state) }
    }
  }

  /// Takes the live line off the screen, or writes the last plain one if it has not been, and then `summary`.
  /// Nothing is drawn afterwards.
  public func finish(_ summary: String? = nil) {
    guard mode != .silent else { return }
    state.withLock { state in
      guard !state.isFinished else { return }
      state.isFinished = true
      if state.isPending, !output.isInteractive { draw(&state) }
      erase(&state)
      if let summary { output.write(summary + "\n") }
    }
  }

  private func draw(_ state: inout State) {
    guard let status = state.status else { return }
    state.isPending = false
    let text = ProgressText(
      label: label, status: status, timeLeft: status.total.flatMap(state.pace.timeLeft),
      isUnicode: output.isUnicode, hasColor: output.hasColor)
    if output.isInteractive {
      // The last column stays free: some terminals wrap as soon as it is written.
      output.write("\r\u{1B}[2K" + text.live(width: max(output.width() - 1, 1)))
      state.isOnScreen = true
    } else {
      output.write(text.plain + "\n")
    }
  }

  private func erase(_ state: inout State) {
    guard state.isOnScreen else { return }
    output.write("\r\u{1B}[2K")
    state.isOnScreen = false
  }
}
