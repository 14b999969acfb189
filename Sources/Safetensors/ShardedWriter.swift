/// Writing a whole checkpoint: one file, or shards with an index.

import Files

public enum ShardedWriter {
  /// Writes the checkpoint that `plan` describes into `folder`, which is made if need be.
  ///
  /// All shards are complete on the disk before the first one gets its name, and files of an earlier
  /// checkpoint of the same name that do not belong to this one are removed at the end.
  ///
  /// - Parameters:
  ///   - metadata: written into each file; transformers wants `format: pt`.
  ///   - supply: asked for each tensor's bytes in turn, shard by shard in file order.
  /// - Returns: the names of the files written.
  /// - Throws: `FileError` and `SafetensorsError` as `SafetensorsWriter`, and what `supply` throws.
  @discardableResult
  public static func write(
    _ plan: ShardPlan, to folder: String, metadata: [String: String] = ["format": "pt"],
    supply: (SafetensorsLayout, SafetensorsWriter.Sink) throws -> Void
  ) throws -> [String] {
    try Folder.create(folder)
    var writers: [SafetensorsWriter] = []
    for shard in plan.shards {
      let path = Folder.join(folder, shard.fileName)
      let writer = try SafetensorsWriter(path, tensors: shard.tensors, metadata: metadata)
      try writer.appendAll(supply)
      try writer.seal()
      writers.append(writer)
    }
    for writer in writers { try writer.commit() }
    var written = plan.shards.map(\.fileName)
    if plan.isSharded {
      let index = ShardPlan.indexName(plan.name)
      try AtomicFile.write(Folder.join(folder, index), plan.index)
      written.append(index)
    }
    try removeLeftovers(of: plan.name, in: folder, except: written)
    return written
  }

  /// A file of an earlier checkpoint would be found instead of the new one, or beside it.
  private static func removeLeftovers(of name: String, in folder: String, except kept: [String]) throws {
    for fileName in try Folder.names(in: folder) where !kept.contains(fileName) {
      let isOurs =
        fileName == ShardPlan.fileName(name) || fileName == ShardPlan.indexName(name)
        || ShardPlan.isShardName(fileName, of: name)
      if isOurs { try Folder.removeFile(Folder.join(folder, fileName)) }
    }
  }
}
