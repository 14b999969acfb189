import ArgumentParser
import Configuration
import Files
import Foundation
import JSON
import PEFT
import Reports
import Training

/// Trains with every combination of methods, ranks, learning rates, and whatever else varies.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Train every combination of methods, ranks and learning rates, and compare the scores.",
    discussion: """
      Every flag of 'peft train' may be given and goes to every trial; --config sweep.yaml takes flags of both from a
      file. Each trial is a process of its own with a folder of its own below --output. One that fails is reported and
      the others go on; what was interrupted goes on with --resume. Writes sweep.json, report.html and sweep.svg.

      Example:
        peft sweep --methods lora,dora,full --ranks 4,8,16 --learning-rates 2e-4,1e-3 --output sweep \\
          --model MiniLM --task seq-cls --glue mrpc --data train.txt --eval-data test.txt --epochs 3
      """)

  @Option(help: "Methods, with commas between (default: lora).") var methods = "lora"
  @Option(help: "Ranks; methods without one appear once.") var ranks: String?
  @Option(help: "Learning rates.") var learningRates: String?
  @Option(help: "Another flag of train and its values: FLAG=V1,V2; may be given several times.") var vary:
    [String] = []
  @Option(help: "The result to compare by (default: that of --glue, or loss).") var metric: String?
  @Option(help: "The folder to write.") var output: String
  @Flag(help: "Go on with the trials in --output that have not come to their end.") var resume = false
  @Flag(help: "Replace what an earlier sweep has left in --output.") var overwrite = false
  @OptionGroup(title: "Output") var speech: OutputOptions
  @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Flags of train.", visibility: .hidden))
  var shared: [String] = []

  func validate() throws {
    let names = ["full"] + MethodRegistry.entries.map(\.name)
    for name in list(methods) where !names.contains(name) {
      throw ValidationError(
        "--methods names '\(name)'\(Suggestion.hint(name, among: names)): must be among \(names.joined(separator: ", "))"
      )
    }
    let known = try CommandFlags(of: TrainCommand.self)
    for word in shared where word.hasPrefix("--") {
      let flag = String(word.prefix { $0 != "=" })
      guard known.names.contains(flag) else {
        throw ValidationError("unknown option '\(flag)'\(Suggestion.hint(flag, among: known.names))")
      }
      guard !["--method", "--rank", "--learning-rate"].contains(flag) else {
        throw ValidationError("\(flag) is what a sweep varies: use \(flag)s")
      }
    }
    for axis in try variedAxes() where !known.names.contains("--\(axis.flag)") {
      throw ValidationError("--vary names '\(axis.flag)', which is no flag of train")
    }
  }

  func run() throws {
    var trials = try grid().trials()
    let folder = try SweepFolder(output, shared: shared, overwrite: overwrite, resume: resume)
    Interruption.listen()
    defer { Interruption.stopListening() }
    for index in trials.indices {
      trials[index].summary = try folder.summary(of: trials[index])
      if trials[index].summary == nil {
        speech.note("trial \(index + 1) of \(trials.count): \(trials[index].name)")
        switch try folder.process(for: trials[index], shared).run() {
        case .done:
          trials[index].summary = try folder.summary(of: trials[index])
          try requireScore(trials[index])
        case .failed(let reason):
          trials[index].failure = reason
          speech.note("\(trials[index].name) failed: \(reason)")
        case .interrupted:
          throw Failure(
            .interrupted, "interrupted in trial \(trials[index].name), \(output): go on with --resume")
        }
      }
      guard !Interruption.isRequested else {
        throw Failure(
          .interrupted, "interrupted after trial \(trials[index].name), \(output): go on with --resume")
      }
      try write(report(trials))
    }
    let report = report(trials)
    speech.json ? Console.print(.object(report.json)) : Console.print(report.table().text(), terminator: "")
    guard trials.contains(where: { $0.summary != nil }) else {
      throw Failure(
        .badInput, "every trial has failed, \(output): the first says \(trials.first?.failure ?? "nothing")")
    }
  }

  private func report(_ trials: [SweepTrial]) -> SweepReport {
    let task = value(of: "--glue").flatMap(GLUETask.init)
    let usual = task?.metric ?? (value(of: "--eval-data") == nil ? "final_loss" : "loss")
    return SweepReport(trials: trials, metric: metric ?? usual)
  }

  /// - Throws: ``Failure`` when a trial that has come to its end lacks the metric asked for: so will all the others.
  private func requireScore(_ trial: SweepTrial) throws {
    guard let metric, let summary = trial.summary, trial.score(metric) == nil else { return }
    let known = (summary["eval"]?.objectValue?.keys ?? []) + ["final_loss"]
    throw Failure(
      .usage, "--metric is \(metric), which no trial has: choose one of \(known.joined(separator: ", "))")
  }

  private func write(_ report: SweepReport) throws {
    let text = JSONValue.object(report.json).serialized(indent: 2) + "\n"
    try AtomicFile.write(Folder.join(output, "sweep.json"), text)
    try AtomicFile.write(Folder.join(output, "sweep.svg"), report.chart.svg())
    let page = report.page(title: "Sweep of \(value(of: "--model") ?? "a model")", commands: [])
    try AtomicFile.write(Folder.join(output, "report.html"), page.html())
  }

  private func grid() throws -> SweepGrid {
    let axes = [
      (flag: "method", values: list(methods)), (flag: "rank", values: list(ranks ?? "")),
      (flag: "learning-rate", values: list(learningRates ?? "")),
    ]
    return SweepGrid(axes: axes + (try variedAxes())) { method in
      guard method != "full" else { return false }
      let fields = try MethodRegistry.method(named: method, [:]).json
      return fields["r"] != nil || fields["target_r"] != nil
    }
  }

  private func variedAxes() throws -> [(flag: String, values: [String])] {
    try vary.map { text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, !list(parts[1]).isEmpty else {
        throw ValidationError("--vary is '\(text)': write FLAG=V1,V2, such as batch-size=16,32")
      }
      return (parts[0].hasPrefix("--") ? String(parts[0].dropFirst(2)) : parts[0], list(parts[1]))
    }
  }

  private func list(_ text: String) -> [String] {
    text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
  }

  /// The value of a flag that goes to every trial.
  private func value(of flag: String) -> String? {
    for (index, word) in shared.enumerated() {
      if word == flag { return index + 1 < shared.count ? shared[index + 1] : nil }
      if word.hasPrefix("\(flag)=") { return String(word.dropFirst(flag.count + 1)) }
    }
    return nil
  }
}
