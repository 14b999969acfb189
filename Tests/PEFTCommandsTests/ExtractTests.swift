import Files
import JSON
import NN
import PEFT
import PEFTCommands
import Safetensors
import Testing
import Torch

/// `peft extract` as scripts call it: merged models give their adapters back.
@Suite(.serialized) struct ExtractTests {
  private let model = Golden.path("models/llama")

  private func run(_ arguments: String...) async -> Int32 { await Program.run(arguments + ["--quiet"]) }

  @Test(arguments: ["list", "dora"])
  func aMergedAdapterComesBack(_ name: String) async throws {
    let scratch = try Scratch()
    let adapter = Golden.path("adapters/\(name)")
    var code = await run("merge", "--model", model, "--adapter", adapter, "--output", scratch.path("merged"))
    #expect(code == 0)
    code = await run(
      "extract", "--base", model, "--tuned", scratch.path("merged"), "--energy", "0.9999999", "--output",
      scratch.path("found"))
    #expect(code == 0)
    let expected = try SafetensorsFile(path: adapter + "/expected.safetensors").allTensors()
    let (base, found) = (
      try SafetensorsFile(path: model + "/model.safetensors").allTensors(),
      try AdapterFolder(path: scratch.path("found"))
    )
    #expect(
      found.configuration.shared.taskType == "CAUSAL_LM" && found.configuration.shared.baseModel == model)
    let updates = try found.updates().updates
    for (key, merged) in expected where key.hasPrefix("merged.model") {
      let layer = String(key.dropFirst(7).dropLast(7))
      let update = try #require(updates.first { $0.layer == layer })
      let weight = try #require(base["\(layer).weight"]) + update.delta()
      #expect(try weight.relativeError(to: merged) < 1e-4)
    }
  }

  @Test func mistakesHaveTheirExitCode() async throws {
    let scratch = try Scratch()
    let out = ["--output", scratch.path("x")]
    #expect(await Program.run(["extract", "--base", model, "--tuned", model] + out) == 64)
    #expect(await Program.run(["extract", "--base", model, "--tuned", model, "--rank", "2"] + out) == 65)
    let both = ["extract", "--base", model, "--tuned", model, "--rank", "2", "--energy", "0.5"]
    #expect(await Program.run(both + out) == 64)
    let other = Golden.path("models/qwen2")
    #expect(await Program.run(["extract", "--base", model, "--tuned", other, "--rank", "2"] + out) == 65)
    #expect(!Folder.exists(scratch.path("x")))
  }
}
