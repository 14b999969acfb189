import Files

/// The checkpoints of a run: which there are, which to go on from, which to drop.
struct CheckpointFolder {
  let path: String
  /// How many to keep besides the best; 0 for all.
  let limit: Int

  private static let prefix = "step-"

  func folder(step: Int) -> String { Folder.join(path, CheckpointFolder.prefix + String(step)) }

  /// The steps of all complete checkpoints, in order.
  var steps: [Int] {
    get throws {
      guard Folder.exists(path) else { return [] }
      return try Folder.names(in: path).compactMap { name in
        guard name.hasPrefix(CheckpointFolder.prefix),
          let step = Int(name.dropFirst(CheckpointFolder.prefix.count)),
          Folder.hasFile(Folder.join(folder(step: step), Checkpoint.describing))
        else { return nil }
        return step
      }.sorted()
    }
  }

  /// The last checkpoint; nil when there is none.
  func latest() throws -> Checkpoint? {
    try steps.last.map { try Checkpoint(reading: folder(step: $0)) }
  }

  /// Drops the oldest beyond the limit, but never the best.
  func prune(best: Int?) throws {
    guard limit > 0 else { return }
    for step in try steps.dropLast(limit) where step != best { try AtomicFolder.remove(folder(step: step)) }
  }
}
