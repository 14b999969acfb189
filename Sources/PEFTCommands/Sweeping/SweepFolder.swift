import Files
import Foundation
import JSON

/// The folder of a sweep: `trials/NAME` for each trial, and its log beside it.
struct SweepFolder {
  private let path: String

  /// - Parameter shared: the flags that go to every trial; a sweep that goes on must have the same.
  /// - Throws: ``Failure`` when the folder is taken, or holds another sweep.
  init(_ path: String, shared: [String], overwrite: Bool, resume: Bool) throws {
    self.path = path
    guard !overwrite || !resume else {
      throw Failure(.usage, "--overwrite and --resume exclude each other: choose one")
    }
    if Folder.hasFile(path) { throw Failure(.badInput, "a file is in the way, \(path): name a folder") }
    let (flags, text) = (
      Folder.join(path, "flags.json"), JSONValue.array(shared.map(JSONValue.string)).serialized()
    )
    if Folder.exists(path), try !Folder.names(in: path).isEmpty {
      guard overwrite || resume else {
        throw Failure(
          .badInput, "the output folder is not empty, \(path): use --overwrite or --resume, or name another")
      }
      if overwrite {
        for name in ["trials", "flags.json", "sweep.json", "sweep.svg", "report.html"] {
          try? FileManager.default.removeItem(atPath: Folder.join(path, name))
        }
      } else if Folder.hasFile(flags) {
        let known = String(decoding: try WholeFile.read(flags), as: UTF8.self)
        guard known == text else {
          throw Failure(
            .badInput,
            "the sweep in \(path) was begun with other flags of train: resume it with the same, or begin a new one"
          )
        }
      }
    }
    try Folder.create(Folder.join(path, "trials"))
    try AtomicFile.write(flags, text)
  }

  private func folder(of trial: SweepTrial) -> String { Folder.join(Folder.join(path, "trials"), trial.name) }

  /// What a trial came to; nil while it has not come to its end.
  func summary(of trial: SweepTrial) throws -> JSONObject? {
    let file = Folder.join(folder(of: trial), "summary.json")
    return Folder.hasFile(file) ? try JSONValue.parse(contentsOf: file).objectValue : nil
  }

  /// The process that runs a trial, or goes on with it.
  func process(for trial: SweepTrial, _ shared: [String]) -> TrialProcess {
    let folder = folder(of: trial)
    let isBegun = Folder.exists(folder)
    return TrialProcess(
      arguments: shared + trial.arguments + ["--output", folder, "--quiet"] + (isBegun ? ["--resume"] : []),
      log: folder + ".log")
  }
}
