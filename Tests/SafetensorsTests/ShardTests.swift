import Files
import Foundation
import JSON
import Testing

@testable import Safetensors

@Suite("Sharded checkpoints")
struct ShardTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The expected groups are huggingface_hub's for the same sizes.
  @Test(
    "Tensors are grouped as Hugging Face groups them",
    arguments: [
      ([10, 20, 30, 40, 5], 50, [[0, 1], [2], [3, 4]]), ([10, 60, 20, 30], 50, [[1], [0, 2], [3]]),
      ([60, 60], 50, [[0], [1]]), ([10], 50, [[0]]), ([25, 25, 25], 50, [[0, 1], [2]]),
      ([0, 50, 0, 1], 50, [[0, 1, 2], [3]]), ([51, 10, 10, 51, 10], 20, [[0], [3], [1, 2], [4]]),
      ([], 50, [[]]),
    ] as [([Int], Int, [[Int]])])
  func grouping(sizes: [Int], limit: Int, groups: [[Int]]) throws {
    let plan = try ShardPlan(tensors(sizes), maxShardSize: limit)
    #expect(plan.shards.map { $0.tensors.map(\.name) } == groups.map { $0.map { "t\($0)" } })
    #expect(plan.totalSize == sizes.reduce(0, +))
    #expect(plan.isSharded == (groups.count > 1))
    let count = "0000\(groups.count)"
    #expect(
      plan.shards.map(\.fileName)
        == (groups.count == 1
          ? ["model.safetensors"] : groups.indices.map { "model-0000\($0 + 1)-of-\(count).safetensors" }))
  }

  @Test("The index is what transformers writes")
  func index() throws {
    #expect(
      try ShardPlan(tensors([10, 20, 30]), maxShardSize: 30).index == """
        {
          "metadata": {
            "total_parameters": 60,
            "total_size": 60
          },
          "weight_map": {
            "t0": "model-00001-of-00002.safetensors",
            "t1": "model-00001-of-00002.safetensors",
            "t2": "model-00002-of-00002.safetensors"
          }
        }

        """)
  }

  @Test("Shards read back as one checkpoint, by folder and by index", arguments: [1000, 30])
  func roundTrip(limit: Int) throws {
    let layouts = try tensors([10, 20, 30, 5, 0, 40])
    let plan = try ShardPlan(layouts, maxShardSize: limit)
    let written = try ShardedWriter.write(plan, to: folder("new/model"), supply: supplyPattern)
    #expect(try Folder.names(in: folder("new/model")) == written.sorted())
    var paths = [folder("new/model")]
    if let last = written.last { paths.append(folder("new/model/" + last)) }
    for path in paths {
      let checkpoint = try SafetensorsCheckpoint(path: path)
      #expect(checkpoint.count == layouts.count)
      #expect(checkpoint.names.sorted() == layouts.map(\.name))
      #expect(checkpoint.byteCount == 105)
      for layout in layouts {
        let (file, tensor) = try #require(checkpoint[layout.name])
        #expect(tensor.layout == layout)
        #expect(try Array(file.bytes(of: tensor)) == pattern(layout))
        #expect(file.metadata == ["format": "pt"])
      }
      #expect(checkpoint["t9"] == nil)
    }
  }

  @Test("A new checkpoint replaces one of another number of shards, and nothing else")
  func leftovers() throws {
    let kept = ["config.json", "model-1-of-2.safetensors", "other.safetensors", "model-00001-of-00002.txt"]
    for name in kept { try AtomicFile.write(folder(name), "kept") }
    for (limit, files) in [(20, 4), (10_000, 1), (40, 3), (10_000, 1)] {
      let plan = try ShardPlan(tensors([20, 20, 20]), maxShardSize: limit)
      let written = try ShardedWriter.write(plan, to: folder.path, supply: supplyPattern)
      #expect(written.count == files)
      #expect(try folder.names == (kept + written).sorted())
      #expect(try SafetensorsCheckpoint(path: folder.path).count == 3)
    }
  }

  @Test("If one shard fails, none appears")
  func failure() throws {
    struct Interruption: Error {}
    let plan = try ShardPlan(tensors([20, 20, 20]), maxShardSize: 20)
    #expect(throws: Interruption.self) {
      try ShardedWriter.write(plan, to: folder.path) { layout, sink in
        if layout.name == "t2" { throw Interruption() }
        try supplyPattern(layout, sink)
      }
    }
    #expect(try folder.names == [])
  }

  @Test(
    "Sizes as people write them",
    arguments: [
      ("5GB", 5_000_000_000), ("200MB", 200_000_000), ("1.5 kb", 1500), ("2GiB", 2 << 30),
      ("1000000", 1_000_000),
      (" 7 B ", 7), ("0.5TB", 500_000_000_000), ("1mib", 1 << 20), ("", nil), ("GB", nil), ("-5GB", nil),
      ("5XB", nil), ("0", nil), ("0.1B", nil), ("1e3", nil), ("99999999999TB", nil), ("1.2.3MB", nil),
      ("5 0GB", nil),
    ] as [(String, Int?)])
  func sizes(text: String, size: Int?) {
    #expect((try? ByteSize.parse(text)) == size)
  }

  private func tensors(_ sizes: [Int]) throws -> [SafetensorsLayout] {
    try sizes.enumerated().map { try layout("t\($0.offset)", .u8, [$0.element]) }
  }
}
