import ArgumentParser
import Files
import Reports

/// A chart's file, whose name says its format.
enum ChartFile {
  /// - Throws: for a name of neither format, before any work.
  static func check(_ path: String?) throws {
    guard let path, !path.hasSuffix(".svg"), !path.hasSuffix(".png") else { return }
    throw ValidationError("--plot is '\(path)': must end in .svg or .png")
  }

  static func write(_ chart: some Chart, to path: String) throws {
    if path.hasSuffix(".png") {
      try AtomicFile.write(path, chart.png())
    } else {
      try AtomicFile.write(path, chart.svg())
    }
  }
}
