import Files
import JSON
import NN
import Safetensors
import Torch

/// One saved state of a run: an adapter that can be used as it is, and all that going on needs.
struct Checkpoint {
  let folder: String
  let progress: TrainingProgress
  /// What the run was like; see ``RunIdentity``.
  let identity: JSONObject

  private static let format = 1
  static let describing = "training_state.json"
  private static let tensors = "training_state.safetensors"

  /// Writes a checkpoint; it appears complete or not at all.
  static func write(
    _ folder: String, progress: TrainingProgress, identity: RunIdentity, state: [String: Tensor],
    saveModel: (String) throws -> Void
  ) throws {
    try AtomicFolder.write(folder) { draft in
      try saveModel(draft)
      try SafetensorsWriter.write(state, to: Folder.join(draft, tensors))
      let description: JSONObject = [
        "format": .int(format), "progress": .object(progress.json), "identity": .object(identity.json),
      ]
      try AtomicFile.write(
        Folder.join(draft, describing), JSONValue.object(description).serialized(indent: 2) + "\n")
    }
  }

  /// - Throws: ``TrainingError`` when the folder is no checkpoint that this version can go on from.
  init(reading folder: String) throws {
    self.folder = folder
    let path = Folder.join(folder, Checkpoint.describing)
    func damaged(_ what: String) -> TrainingError {
      TrainingError(.checkpoint, "\(what), \(path): remove the folder to resume from an earlier checkpoint")
    }
    let object: JSONObject?
    do {
      object = try JSONValue.parse(String(decoding: WholeFile.read(path), as: UTF8.self)).objectValue
    } catch let error as FileError {
      throw damaged("a checkpoint that cannot be read (\(error.message))")
    } catch {
      throw damaged("a damaged checkpoint")
    }
    guard object?["format"]?.intValue == Checkpoint.format else {
      throw damaged("a checkpoint of another version")
    }
    guard let progress = object?["progress"]?.objectValue.flatMap(TrainingProgress.init(json:)),
      let identity = object?["identity"]?.objectValue
    else { throw damaged("a damaged checkpoint") }
    (self.progress, self.identity) = (progress, identity)
  }

  /// The saved tensors, which must be exactly those of `expected` in name, shape and type.
  func state(like expected: [String: Tensor]) throws -> [String: Tensor] {
    let path = Folder.join(folder, Checkpoint.tensors)
    let found: [String: Tensor]
    do {
      found = try SafetensorsFile(path: path).allTensors()
    } catch {
      throw TrainingError(
        .checkpoint, "a damaged checkpoint (\(error)): remove \(folder) to resume from an earlier one")
    }
    for (name, tensor) in expected {
      guard let saved = found[name], saved.shape == tensor.shape, saved.dtype == tensor.dtype else {
        let has = found[name].map(\.description) ?? "missing"
        throw TrainingError(
          .checkpoint,
          "\(name) is \(has) in the checkpoint and \(tensor) in this run, \(path): "
            + "resume with the model and method of the first run")
      }
    }
    return found
  }
}
