import Files
import JSON
import NN
import PEFTCommands
import Safetensors
import Testing
import Torch

/// Several adapters with names on the command line, and rows of data that choose among them.
@Suite(.serialized) struct NamedAdapterTests {
  private let model = Golden.path("models/llama")
  private var adapters: [String] {
    ["--adapter", "one=" + Golden.path("adapters/list"), "--adapter", "two=" + Golden.path("adapters/dora")]
  }

  private func logits(_ flags: [String], _ rows: String, _ scratch: Scratch) async throws -> [String: Tensor]
  {
    let data = try scratch.file("rows.jsonl", rows)
    let out = scratch.path("\(UInt64.random(in: .min ... .max)).safetensors")
    let code = await Program.run(
      ["logits", "--model", model, "--data", data, "--output", out, "--quiet"] + flags)
    try #require(code == 0)
    return try SafetensorsFile(path: out).allTensors()
  }

  @Test func rowsChooseTheirAdapter() async throws {
    let scratch = try Scratch()
    let ids = "[3, 17, 5, 9]"
    let found = try await logits(
      adapters,
      """
      {"input_ids": \(ids), "adapter": "two"}
      {"input_ids": \(ids), "adapter": "__base__"}
      {"input_ids": \(ids), "adapter": "one"}
      """, scratch)
    let row = "{\"input_ids\": \(ids)}"
    for (index, flags) in [Array(adapters[2...]), [], Array(adapters[..<2])].enumerated() {
      let alone = try #require(try await logits(flags, row, scratch)["logits.0"])
      #expect(try #require(found["logits.\(index)"]).relativeError(to: alone) < 1e-5, "row \(index)")
    }
  }

  @Test func batchesOfSeveralAdaptersScoreAsOneByOne() async throws {
    let scratch = try Scratch()
    let rows = (0..<6).map {
      "{\"input_ids\": [\($0 + 1), 8, 3, \($0 + 2), 4], \"adapter\": \"\($0 % 2 == 0 ? "one" : "two")\"}"
    }
    let data = try scratch.file("rows.jsonl", rows.joined(separator: "\n"))
    for size in ["1", "6"] {
      let code = await Program.run(
        ["eval", "--model", model, "--data", data, "--batch-size", size, "--quiet", "--json"] + adapters)
      #expect(code == 0)
    }
    let wrong = try scratch.file("wrong.jsonl", "{\"input_ids\": [1, 2], \"adapter\": \"tow\"}")
    #expect(await Program.run(["eval", "--model", model, "--data", wrong, "--quiet"] + adapters) == 65)
    let missing = try scratch.file("missing.jsonl", rows[0] + "\n{\"input_ids\": [1, 2, 3]}")
    #expect(await Program.run(["eval", "--model", model, "--data", missing, "--quiet"] + adapters) == 65)
  }

  @Test func statusListsThem() async throws {
    #expect(await Program.run(["status", "--model", model, "--json"] + adapters) == 0)
    #expect(await Program.run(["status", "--model", model, "--layers"] + adapters) == 0)
    let twice = ["--adapter", "one=" + Golden.path("adapters/dora")]
    #expect(await Program.run(["status", "--model", model] + adapters + twice) == 65)
  }

  @Test func modulesAreRenamed() async throws {
    let scratch = try Scratch()
    let source = Golden.path("adapters/list")
    var tensors: [String: Tensor] = [:]
    for (key, tensor) in try SafetensorsFile(path: source + "/adapter_model.safetensors").allTensors() {
      tensors[key.replacing("base_model.model.model.", with: "base_model.model.model.text.")] = tensor
    }
    try Folder.create(scratch.path("old"))
    try SafetensorsWriter.write(tensors, to: scratch.path("old/adapter_model.safetensors"))
    let config = String(decoding: try WholeFile.read(source + "/adapter_config.json"), as: UTF8.self)
    _ = try scratch.file("old/adapter_config.json", config)
    let arguments = ["status", "--model", model, "--adapter", scratch.path("old"), "--quiet"]
    #expect(await Program.run(arguments) == 65)
    #expect(await Program.run(arguments + ["--key-mapping", "^model\\.text\\.=model."]) == 0)
    #expect(await Program.run(arguments + ["--key-mapping", "nonsense"]) == 64)
    #expect(await Program.run(arguments + ["--allow-mismatch"]) == 0)
  }
}
