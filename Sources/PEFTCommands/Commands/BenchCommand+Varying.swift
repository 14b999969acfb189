import ArgumentParser
import Foundation
import JSON
import Reports

extension BenchCommand {
  /// A flag and the values that it takes one after the other, such as `batch-size=1,2,4`.
  struct Variation: ExpressibleByArgument {
    static let flags = ["sequence-length", "batch-size", "rank", "adapters", "generate", "threads"]

    let flag: String
    let values: [Int]

    init?(argument: String) {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, Self.flags.contains(parts[0]) else { return nil }
      let numbers = parts[1].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      guard !numbers.isEmpty, numbers.allSatisfy({ $0.map { $0 > 0 } ?? false }) else { return nil }
      (flag, values) = (parts[0], numbers.compactMap(\.self))
    }
  }

  /// One point of a curve; nil where the run failed.
  private struct Point {
    let value: Int
    let tokensPerSecond, peakBytes: Double?
    let message: String
  }

  /// Runs this command once for each value, in a process of its own so that each has a peak of its own.
  func run(varying variation: Variation) throws {
    var points: [Point] = []
    for value in variation.values {
      let point = try point(variation.flag, value)
      speech.note("\(variation.flag) \(value): \(point.message)")
      points.append(point)
    }
    guard points.contains(where: { $0.tokensPerSecond != nil }) else {
      throw Failure(.badInput, "no run succeeded; the last one says: \(points.last?.message ?? "nothing")")
    }
    show(points, variation.flag)
    guard let plot else { return }
    try ChartFile.write(chart("tokens/s", variation.flag, points, \.tokensPerSecond, .plain), to: plot)
    let stem = plot.dropLast(4)
    try ChartFile.write(
      chart("peak memory", variation.flag, points, \.peakBytes, .bytes), to: "\(stem)-memory\(plot.suffix(4))"
    )
  }

  private func point(_ flag: String, _ value: Int) throws -> Point {
    let process = Process()
    process.executableURL = Bundle.main.executableURL
    process.arguments = Self.arguments(CommandLine.arguments.dropFirst(), setting: flag, to: value)
    let (output, log) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, log)
    try process.run()
    // What a run says fits into a pipe: one line on either.
    process.waitUntilExit()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    guard process.terminationStatus == 0, let result = try? JSONValue.parse(text).objectValue else {
      let said = String(decoding: log.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      let last = said.split(whereSeparator: \.isNewline).last.map { line in
        String(line.hasPrefix("error: ") ? line.dropFirst(7) : line)
      }
      return Point(
        value: value, tokensPerSecond: nil, peakBytes: nil,
        message: last ?? "ended with code \(process.terminationStatus)")
    }
    let (rate, peak) = (result["tokens_per_second"]?.doubleValue, result["peak_rss_bytes"]?.doubleValue)
    return Point(
      value: value, tokensPerSecond: rate, peakBytes: peak,
      message: "\(rate.map(Numerals.short) ?? "-") tokens/s, \(peak.map { Numbers.bytes(Int($0)) } ?? "-")")
  }

  /// The same command line for one value: quiet, as JSON, without --vary and --plot.
  static func arguments(_ all: ArraySlice<String>, setting flag: String, to value: Int) -> [String] {
    let dropped: Set<String> = ["--vary", "--plot", "--\(flag)"]
    var (kept, skips): ([String], Bool) = ([], false)
    for argument in all {
      if skips {
        skips = false
      } else if dropped.contains(argument) {
        skips = true
      } else if !dropped.contains(where: { argument.hasPrefix("\($0)=") }) {
        kept.append(argument)
      }
    }
    return kept + ["--\(flag)", String(value), "--json", "--quiet"]
  }

  private func show(_ points: [Point], _ flag: String) {
    if speech.json {
      let rows = points.map { point -> JSONValue in
        .object([
          "value": .int(point.value),
          "tokens_per_second": point.tokensPerSecond.map(JSONValue.double) ?? .null,
          "peak_rss_bytes": point.peakBytes.map { .int(Int($0)) } ?? .null,
          "error": point.tokensPerSecond == nil ? .string(point.message) : .null,
        ])
      }
      return Console.print(.object(["varied": .string(flag), "points": .array(rows)]))
    }
    let table = TextTable(
      [.init(flag, .right), .init("tokens/s", .right), .init("peak memory", .right)],
      rows: points.map { point in
        [
          String(point.value), point.tokensPerSecond.map(Numerals.short) ?? point.message,
          point.peakBytes.map { Numbers.bytes(Int($0)) } ?? "",
        ]
      })
    Console.print(table.text(), terminator: "")
  }

  private func chart(
    _ title: String, _ flag: String, _ points: [Point], _ value: KeyPath<Point, Double?>,
    _ format: Axis.Format
  ) -> LineChart {
    let shown = points.compactMap { point in
      point[keyPath: value].map { Reports.Point(Double(point.value), $0) }
    }
    return LineChart(
      title: "\(title) by \(flag)", series: [Series("", shown)],
      xAxis: Axis(flag, scaling: .logarithmic, format: .count),
      yAxis: Axis(format: format, includesZero: true))
  }
}
