/// Which tensors go into which file when a checkpoint is too large for one, as Hugging Face decides it
/// (huggingface_hub, `split_state_dict_into_shards_factory`).

import JSON

public struct ShardPlan: Sendable {
  public struct Shard: Sendable {
    public let fileName: String
    public let tensors: [SafetensorsLayout]
  }

  public let shards: [Shard]
  /// What the files are called after: `model` for `model-00001-of-00003.safetensors`.
  public let name: String
  public let totalSize: Int

  /// Fills shards with `tensors` in their order. A tensor larger than `maxShardSize` gets one of its own.
  ///
  /// - Throws: `SafetensorsError` if the sizes add up to more than there can be.
  public init(
    _ tensors: [SafetensorsLayout], maxShardSize: Int, name: String = "model"
  ) throws(SafetensorsError) {
    var finished: [[SafetensorsLayout]] = []
    var current: [SafetensorsLayout] = []
    var currentSize = 0
    var totalSize = 0
    for tensor in tensors {
      let (sum, overflow) = totalSize.addingReportingOverflow(tensor.byteCount)
      guard !overflow else {
        throw SafetensorsError(
          code: .invalidRequest, message: "the tensors are too large to be written", path: name,
          remedy: "check their shapes")
      }
      totalSize = sum
      if tensor.byteCount > maxShardSize {
        finished.append([tensor])
        continue
      }
      if currentSize + tensor.byteCount > maxShardSize {
        finished.append(current)
        current = []
        currentSize = 0
      }
      current.append(tensor)
      currentSize += tensor.byteCount
    }
    if !current.isEmpty || finished.isEmpty { finished.append(current) }
    let count = finished.count
    shards = finished.enumerated().map { index, tensors in
      let fileName = count == 1 ? Self.fileName(name) : Self.fileName(name, shard: index + 1, of: count)
      return Shard(fileName: fileName, tensors: tensors)
    }
    self.name = name
    self.totalSize = totalSize
  }

  /// Whether an index is needed to find the tensors.
  public var isSharded: Bool { shards.count > 1 }

  /// The index file's text, as transformers writes it.
  public var index: String {
    let weightMap = shards.flatMap { shard in
      shard.tensors.map { (key: $0.name, value: JSONValue.string(shard.fileName)) }
    }
    let parameters = shards.reduce(0) { $0 + $1.tensors.reduce(0) { $0 + $1.elementCount } }
    let index: JSONValue = [
      "metadata": ["total_parameters": .int(parameters), "total_size": .int(totalSize)],
      "weight_map": .object(JSONObject(weightMap)),
    ]
    return index.serialized(indent: 2, sortedKeys: true) + "\n"
  }

  static func fileName(_ name: String) -> String { name + ".safetensors" }

  static func indexName(_ name: String) -> String { name + ".safetensors.index.json" }

  private static func fileName(_ name: String, shard: Int, of count: Int) -> String {
    func padded(_ number: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(5 - digits.count, 0)) + digits
    }
    return "\(name)-\(padded(shard))-of-\(padded(count)).safetensors"
  }

  /// Whether `fileName` is one that some plan for `name` would use.
  static func isShardName(_ fileName: String, of name: String) -> Bool {
    guard fileName.hasPrefix(name + "-"), fileName.hasSuffix(".safetensors") else { return false }
    let middle = fileName.dropFirst(name.count + 1).dropLast(".safetensors".count)
    let parts = middle.split(separator: "-", omittingEmptySubsequences: false)
    func isNumber(_ part: Substring) -> Bool {
      part.utf8.count >= 5 && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
    return parts.count == 3 && isNumber(parts[0]) && parts[1] == "of" && isNumber(parts[2])
  }
}
