import Hub
import Reports

/// What talking with the hub says on stderr: notes, and how many bytes are moved.
struct HubDisplay: Sendable {
  let isQuiet: Bool

  /// Runs `body` with a progress line that is gone afterwards, however it ends.
  func run<Result>(_ label: String, _ body: (HubProgress) throws -> Result) rethrows -> Result {
    let line = ProgressLine(label, mode: isQuiet ? .silent : .automatic)
    defer { line.finish() }
    return try body(
      HubProgress(
        note: { line.log($0) },
        update: { line.update(ProgressStatus(done: $0, total: $1 > 0 ? $1 : nil, unit: .bytes)) }))
  }

  /// The folder of an id that a command names.
  func folder(of id: RepositoryID) throws -> String {
    try run("pulling") { progress in try Hub(progress: progress).folder(of: id) }
  }
}
