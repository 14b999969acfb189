import Files
import Foundation

/// The folder that a run writes: it must be new or empty, unless the user says what to do with what is there.
struct OutputFolder {
  let path: String
  let resumes: Bool
  private let existed: Bool

  /// Names that runs write; only these are ever removed.
  private static let written: Set<String> = [
    "adapter_config.json", "adapter_model.safetensors", "adapter_initial.safetensors",
    "prompt_encoder.safetensors", "labels.json",
    "metrics.jsonl",
    "summary.json", "run.json",
    "report.html",
    "checkpoints", "config.json", "model.safetensors", "model.safetensors.index.json",
  ]

  /// - Throws: ``Failure`` when the folder is taken; nothing has changed then.
  init(_ path: String, overwrite: Bool = false, resume: Bool = false) throws {
    guard !overwrite || !resume else {
      throw Failure(.usage, "--overwrite and --resume exclude each other: choose one")
    }
    if Folder.hasFile(path) { throw Failure(.badInput, "a file is in the way, \(path): name a folder") }
    existed = Folder.exists(path)
    if existed, !overwrite, !resume, try !Folder.names(in: path).isEmpty {
      throw Failure(
        .badInput, "the output folder is not empty, \(path): use --overwrite or --resume, or name another")
    }
    (self.path, resumes) = (path, resume)
    try Self.checkWritable(path)
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
    do {
      return try body()
    } catch {
      if !resumes, !hasCheckpoint {
        clear()
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

  private func clear() {
    guard let names = try? Folder.names(in: path) else { return }
    for name in names where Self.written.contains(name) || name.hasPrefix("model-") || name.hasPrefix("seed-")
    {
      try? FileManager.default.removeItem(atPath: Folder.join(path, name))
    }
  }
}
