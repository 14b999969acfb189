import Files
import JSON
import NN
import PEFT
import PEFTCommands
import Safetensors
import Testing
import Torch

/// `peft combine` as scripts call it.
@Suite(.serialized) struct CombineTests {
  private let model = Golden.path("models/llama")

  private func run(_ arguments: String...) async -> Int32 {
    await Program.run(["combine", "--quiet"] + arguments)
  }

  private func adapter(_ name: String) -> String { Golden.path("adapters/\(name)") }

  @Test func adaptersOfAnyRankBecomeOne() async throws {
    let scratch = try Scratch()
    let code = await run(
      "--adapter", adapter("rslora"), "--adapter", adapter("patterns"), "--weights", "-0.5,1",
      "--combination",
      "cat", "--output", scratch.path("both"))
    #expect(code == 0)
    let parts = try ["rslora", "patterns"].map { try AdapterFolder(path: adapter($0)).updates().updates }
    let combined = try AdapterFolder(path: scratch.path("both")).updates().updates
    #expect(!combined.isEmpty)
    for update in combined {
      let found = zip(parts, [-0.5, 1]).compactMap { part, weight in
        part.first { $0.layer == update.layer }.map { ($0, weight) }
      }
      let wanted = try found.map { try $0.0.delta() * $0.1 }
      let sum = try wanted.dropFirst().reduce(wanted[0]) { try $0 + $1 }
      #expect(try update.delta().relativeError(to: sum) < 1e-6)
      #expect(update.rank == found.reduce(0) { $0 + $1.0.rank })
    }
  }

  @Test func doRANeedsItsBase() async throws {
    let scratch = try Scratch()
    let arguments = [
      "--adapter", adapter("dora"), "--weights", "1", "--rank", "64", "--output", scratch.path("plain"),
    ]
    #expect(await Program.run(["combine", "--quiet"] + arguments) == 65)
    #expect(!Folder.exists(scratch.path("plain")))
    #expect(await Program.run(["combine", "--quiet", "--model", model] + arguments) == 0)
    let expected = try SafetensorsFile(path: adapter("dora") + "/expected.safetensors").allTensors()
    let merged = try #require(expected.keys.first { $0.hasPrefix("merged.model") })
    let layer = String(merged.dropFirst(7).dropLast(7))
    let base = try SafetensorsFile(path: model + "/model.safetensors").allTensors()
    let update = try #require(
      try AdapterFolder(path: scratch.path("plain")).updates().updates.first { $0.layer == layer })
    let weight = try #require(base["\(layer).weight"]) + update.delta()
    #expect(try weight.relativeError(to: #require(expected[merged])) < 1e-5)
  }

  @Test(
    arguments: [
      (["--output", "x"], 64), (["--adapter", "list", "--output", "x", "--weights", "1,2"], 64),
      (["--adapter", "list", "--output", "x", "--weights", "a"], 64),
      (["--adapter", "list", "--output", "x", "--combination", "ties"], 64),
      (["--adapter", "list", "--output", "x", "--combination", "tise"], 64),
      (["--adapter", "nowhere", "--output", "x"], 65), (["--adapter", "ia3", "--output", "x"], 65),
    ] as [([String], Int32)])
  func mistakesHaveTheirExitCode(_ arguments: [String], _ code: Int32) async throws {
    let scratch = try Scratch()
    let full = arguments.map {
      $0 == "x" ? scratch.path("x") : ["list", "nowhere", "ia3"].contains($0) ? adapter($0) : $0
    }
    #expect(await Program.run(["combine", "--quiet"] + full) == code)
    #expect(!Folder.exists(scratch.path("x")))
  }
}
