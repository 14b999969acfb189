/// Where progress is written, and what is known about it.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

public struct TerminalOutput: Sendable {
  /// Whether lines can be drawn over.
  public var isInteractive: Bool
  /// Whether more than ASCII can be shown.
  public var isUnicode: Bool
  /// Whether colours can and may be shown.
  public var hasColor: Bool
  /// Columns, asked anew for each line, because windows change.
  public var width: @Sendable () -> Int
  public var write: @Sendable (String) -> Void

  public init(
    isInteractive: Bool, isUnicode: Bool = true, hasColor: Bool = false,
    width: @escaping @Sendable () -> Int = { 80 }, write: @escaping @Sendable (String) -> Void
  ) {
    self.isInteractive = isInteractive
    self.isUnicode = isUnicode
    self.hasColor = hasColor
    self.width = width
    self.write = write
  }

  /// The process's standard error; colours are left out where `NO_COLOR` asks for it.
  public static var standardError: TerminalOutput {
    let isInteractive = isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb"
    let locale = [variable("LC_ALL"), variable("LC_CTYPE"), variable("LANG")].first { !$0.isEmpty } ?? ""
    let spelling = locale.lowercased()
    return TerminalOutput(
      isInteractive: isInteractive, isUnicode: spelling.contains("utf-8") || spelling.contains("utf8"),
      hasColor: isInteractive && variable("NO_COLOR").isEmpty, width: windowWidth, write: writeToStandardError
    )
  }

  private static func variable(_ name: String) -> String {
    getenv(name).map { String(cString: $0) } ?? ""
  }

  @Sendable private static func windowWidth() -> Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, numericCast(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Progress that cannot be written is no reason to stop the work, so errors are passed over.
  @Sendable private static func writeToStandardError(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { systemWrite(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
