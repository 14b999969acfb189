import Files
import JSON
import Reports

/// `report.html` of a run, made from what the run wrote; it can be made again at any time.
public enum RunPage {
  /// Writes the page into the run's output folder, from its `metrics.jsonl`, `summary.json` and `run.json`.
  ///
  /// A run that is still going on has no summary yet; its page shows what there is.
  /// - Throws: ``FileError`` when the metrics cannot be read or the page cannot be written.
  public static func write(_ folder: String) throws {
    func object(_ name: String) throws -> JSONObject {
      let path = Folder.join(folder, name)
      guard Folder.hasFile(path) else { return [:] }
      return try JSONValue.parse(String(decoding: WholeFile.read(path), as: UTF8.self)).objectValue ?? [:]
    }
    let description = RunDescription(json: try object("run.json"))
    let report = RunReport(
      title: description.title, subtitle: description.subtitle,
      metrics: MetricsLog(try WholeFile.read(Folder.join(folder, "metrics.jsonl"))),
      summary: try object("summary.json"), configuration: description.configuration,
      environment: description.environment, warnings: description.warnings, commands: description.commands)
    try AtomicFile.write(Folder.join(folder, "report.html"), report.page.html())
  }
}
