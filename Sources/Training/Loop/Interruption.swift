import Foundation

/// Ctrl-C and `kill`, turned into a wish to stop after the step that is running.
///
/// The second such signal ends the process at once, as it would without this.
public enum Interruption {
  /// A signal handler may touch nothing but this.
  nonisolated(unsafe) private static var request: sig_atomic_t = 0

  /// Begins to listen for SIGINT and SIGTERM.
  public static func listen() {
    request = 0
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interruption.request = 1
        signal(number, SIG_DFL)
      }
    }
  }

  /// Whether a signal has come since ``listen()``.
  public static var isRequested: Bool { request != 0 }

  /// Lets signals end the process again.
  public static func stopListening() {
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }
}
