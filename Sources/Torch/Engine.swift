import CTorch

/// What concerns the whole process: its threads, its memory policy, and where its time goes.
public enum Engine {
  private static let started: Void = ct_initialize()

  /// Prepares libtorch for this process. Called by whatever needs it; calling it again does nothing.
  public static func start() { started }

  /// The version of the libtorch that this was built against.
  public static var version: String { String(cString: ct_version()) }

  /// Threads that one operation may use. Results are the same bits only for the same number.
  public static var threads: Int {
    get {
      start()
      return Int(ct_threads())
    }
    set {
      start()
      ct_set_threads(Int32(clamping: newValue))
    }
  }

  /// Waits until everything queued on `device` is done.
  public static func synchronize(_ device: Device) throws {
    guard ct_synchronize(device.packed) != 0 else { throw TorchError.last(in: "synchronize", of: [device]) }
  }

  /// One operator's share of a profiled stretch.
  public struct Timing: Sendable {
    public let name: String
    public let calls: Int
    /// Seconds spent in the operator itself, not in those it calls.
    public let seconds: Double
  }

  /// Runs `body` and says how long each operator took, slowest first.
  public static func profile(_ body: () throws -> Void) rethrows -> [Timing] {
    start()
    ct_profile_start()
    var stopped = false
    defer { if !stopped { _ = ct_profile_stop() } }
    try body()
    stopped = true
    return (0..<ct_profile_stop()).map { index in
      let entry = ct_profile_get(index)
      return Timing(name: String(cString: entry.name), calls: Int(entry.calls), seconds: entry.self_seconds)
    }.sorted { $0.seconds > $1.seconds }
  }
}
