import Foundation

/// What this process has used of the machine.
public enum ProcessMemory {
  /// The most memory that was resident at any time, in bytes.
  public static var peak: Int {
    var usage = rusage()
    #if os(Linux)
      let (this, unit) = (__rusage_who_t(RUSAGE_SELF.rawValue), 1024)
    #else
      let (this, unit) = (RUSAGE_SELF, 1)
    #endif
    return getrusage(this, &usage) == 0 ? Int(usage.ru_maxrss) * unit : 0
  }
}
