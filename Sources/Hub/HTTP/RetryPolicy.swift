import Foundation

/// Tries again what failed for a reason that may pass, and waits longer each time.
struct RetryPolicy: Sendable {
  var attempts = 6
  /// Seconds before the second attempt; each further one waits twice as long.
  var delay = 1.0
  /// The longest wait in seconds, whatever the server asks for.
  var longestDelay = 60.0
  /// Seconds without a byte until an exchange counts as dead.
  var patience = 30

  /// Only once, for what must not happen twice.
  var once: RetryPolicy {
    var policy = self
    policy.attempts = 1
    return policy
  }

  /// - Parameter body: the work; it is told how to say that it got somewhere, which starts the count anew.
  func run<Result>(_ body: (_ gotSomewhere: () -> Void) throws -> Result) throws -> Result {
    var failures = 0
    while true {
      do {
        return try body { failures = 0 }
      } catch let error as TransferError {
        failures += 1
        guard error.isTransient, failures < attempts else { throw error }
        let wait = error.retryAfter ?? delay * Double(1 << min(failures - 1, 16))
        Thread.sleep(forTimeInterval: min(max(wait, 0), longestDelay))
      }
    }
  }
}
