/// How fast work goes, from the recent past, for telling how long it will still take.
import Foundation

struct Pace: Sendable {
  /// Seconds after which what was measured counts for a third.
  private let memory = 30.0
  private var last: (done: Int, time: Double)?
  private var work = 0.0
  private var time = 0.0

  /// Notes that `done` units are finished at `time` seconds. Going back, as a restart does, forgets the past.
  mutating func observe(done: Int, at now: Double) {
    defer { last = (done, now) }
    guard let last, done >= last.done, now >= last.time else {
      (work, time) = (0, 0)
      return
    }
    let elapsed = now - last.time
    let decay = exp(-elapsed / memory)
    work = work * decay + Double(done - last.done)
    time = time * decay + elapsed
  }

  /// Seconds until `total` units are finished; nil while nothing is known.
  func timeLeft(until total: Int) -> Double? {
    guard let last, work > 0, time > 0, total >= last.done else { return nil }
    return Double(total - last.done) * time / work
  }
}
