import Files
import Foundation

/// The folder that a run writes: it must be new or empty, unless the user says what to do with what is there.
struct OutputFolder {
  let path: String
  let resumes: Bool
  private let existed: Bool

  /// Names that every run may write.
  private static let results: Set<String> = [
    "adapter_config.json", "adapter_model.safetensors", "adapter_initial.safetensors",
    "prompt_encoder.safetensors", "labels.json", "metrics.jsonl", "summary.json", "run.json", "report.html",
    "checkpoints",
  ]
  /// Names that a run of all weights writes, and that a model which nobody made here has too.
  private static let model: Set<String> = [
    "config.json", "model.safetensors", "model.safetensors.index.json",
  ]

  /// - Parameter reads: what the run reads, paths or hub ids; none of it may lie in a folder that is written anew.
  /// - Throws: ``Failure`` when the folder is taken; nothing has changed then.
  init(_ path: String, overwrite: Bool = false, resume: Bool = false, reads: [String] = []) throws {
    guard !overwrite || !resume else {
      throw Failure(.usage, "--overwrite and --resume exclude each other: choose one")
    }
    if Folder.hasFile(path) { throw Failure(.badInput, "a file is in the way, \(path): name a folder") }
    existed = Folder.exists(path)
    if existed, !overwrite, !resume, try !Folder.names(in: path).isEmpty {
      throw Failure(
        .badInput, "the output folder is not empty, \(path): use --overwrite or --resume, or name another")
    }
    if existed, overwrite { try Self.protect(reads, from: path) }
    (self.path, resumes) = (path, resume)
    try Self.checkWritable(path)
  }

  private static func protect(_ inputs: [String], from path: String) throws {
    let folder = try Folder.resolved(path)
    for input in inputs where Folder.exists(input) || Folder.hasFile(input) {
      let place = try Folder.resolved(input)
      guard place != folder, !place.hasPrefix(folder + "/") else {
        throw Failure(
          .usage, "--output \(path) holds \(input), which the run reads: name another folder")
      }
    }
  }

  /// A folder that cannot be made is told before any work is done.
  private static func checkWritable(_ path: String) throws {
    var place = path
    while !Folder.exists(place) {
      let above = Folder.containing(place)
      guard above != place else { break }
      place = above
    }
    guard access(place, W_OK | X_OK) == 0 else {
      throw FileError(
        code: .permission, message: "cannot write into the folder", path: place,
        remedy: "check its permissions, or name another output")
    }
  }

  /// Runs `body`, which writes into the folder. What an earlier run left goes first; what a failed one leaves goes
  /// too, unless there is a checkpoint to resume from.
  func fill<Result>(_ body: () throws -> Result) throws -> Result {
    if !resumes { clear() }
    let others = Set((try? Folder.names(in: path)) ?? [])
    do {
      return try body()
    } catch {
      if !resumes, !hasCheckpoint {
        remove { !others.contains($0) && (Self.isResult($0) || Self.isModel($0)) }
        if !existed { rmdir(path) }
      }
      throw error
    }
  }

  private var hasCheckpoint: Bool {
    let seeds = ((try? Folder.names(in: path)) ?? []).filter { $0.hasPrefix("seed-") }
    return ([path] + seeds.map { Folder.join(path, $0) }).contains { folder in
      let names = (try? Folder.names(in: Folder.join(folder, "checkpoints"))) ?? []
      return names.contains { $0.hasPrefix("step-") }
    }
  }

  /// Removes what an earlier run has left, and nothing else; a model only where a run says that it wrote it.
  private func clear() {
    let hasRun = ["run.json", "summary.json"].contains { Folder.hasFile(Folder.join(path, $0)) }
    remove { Self.isResult($0) || (hasRun && Self.isModel($0)) }
  }

  private func remove(where isOurs: (String) -> Bool) {
    for name in (try? Folder.names(in: path)) ?? [] where isOurs(name) {
      try? FileManager.default.removeItem(atPath: Folder.join(path, name))
    }
  }

  private static func isResult(_ name: String) -> Bool {
    results.contains(name) || name.wholeMatch(of: /seed-\d+/) != nil
  }

  private static func isModel(_ name: String) -> Bool {
    model.contains(name) || name.wholeMatch(of: /model-\d{5}-of-\d{5}\.safetensors/) != nil
  }
}
