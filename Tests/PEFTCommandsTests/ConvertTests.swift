import Files
import JSON
import NN
import PEFT
import PEFTCommands
import Safetensors
import Testing
import Torch

/// `peft convert` and `peft inspect` over the layouts of other programs, through the whole program.
@Suite(.serialized) struct ConvertTests {
  private let model = Golden.path("models/llama")

  private func run(_ arguments: String...) async -> Int32 { await Program.run(arguments + ["--quiet"]) }

  @Test(arguments: ["diffusers", "kohya", "mlx", "gguf", "loralib", "lora"])
  func everyLayoutGoesThereAndBack(_ layout: String) async throws {
    let scratch = try Scratch()
    let input = Golden.path("adapters/patterns")
    var code = await run(
      "convert", "--input", input, "--to", layout, "--model", model, "--output", scratch.path("there"))
    #expect(code == 0)
    let original = try AdapterFolder(path: input).updates().updates
    let alpha = "\(try #require(original.first).alpha)"
    code = await run("inspect", scratch.path("there"), "--model", model, "--alpha", alpha, "--json")
    #expect(code == 0)
    code = await run(
      "convert", "--input", scratch.path("there"), "--to", "peft", "--model", model, "--alpha", alpha,
      "--component",
      "text_encoder", "--output", scratch.path("back"))
    #expect(code == 0)
    let back = try AdapterFolder(path: scratch.path("back")).updates().updates
    #expect(back.count == original.count)
    for update in back {
      let before = try #require(original.first { update.layer.hasSuffix($0.layer) })
      #expect(try update.delta().relativeError(to: before.delta()) < 1e-6)
    }
  }

  @Test func methodsWithoutFactorsBecomeLoRAs() async throws {
    let scratch = try Scratch()
    let input = Golden.path("adapters/dora")
    var code = await run("convert", "--input", input, "--to", "lora", "--output", scratch.path("plain"))
    #expect(code == 65)
    code = await run(
      "convert", "--input", input, "--to", "lora", "--model", model, "--energy", "0.9999", "--output",
      scratch.path("plain"))
    #expect(code == 0)
    #expect(try AdapterFolder(path: scratch.path("plain")).configuration.json["use_dora"] == false)
  }

  @Test func intrudersAreReduced() async throws {
    let scratch = try Scratch()
    let code = await run(
      "convert", "--input", Golden.path("adapters/list"), "--to", "peft", "--model", model,
      "--reduce-intruders",
      "--threshold-epsilon", "0.95", "--mitigation-lambda", "0", "--output", scratch.path("less"))
    #expect(code == 0)
    let before = try AdapterFolder(path: Golden.path("adapters/list")).updates().updates
    let after = try AdapterFolder(path: scratch.path("less")).updates().updates
    let norms = try zip(after, before).map { (try $0.norm(), try $1.norm()) }
    #expect(norms.contains { abs($0 - $1) > 0.01 * $1 })
  }

  @Test(
    arguments: [
      (["--to", "onnx"], 64), (["--to", "gguf", "--rank", "2"], 64), (["--to", "lora", "--rank", "0"], 64),
      (["--to", "peft", "--reduce-intruders"], 64), (["--to", "peft", "--top-k", "2"], 64),
      (["--to", "peft", "--from", "pfet"], 64), (["--to", "mlx", "--from", "gguf"], 65),
      (["--to", "edora"], 65),
    ] as [([String], Int32)])
  func mistakesHaveTheirExitCode(_ arguments: [String], _ code: Int32) async throws {
    let scratch = try Scratch()
    let fixed = [
      "convert", "--input", Golden.path("adapters/list"), "--output", scratch.path("x"), "--quiet",
    ]
    #expect(await Program.run(fixed + arguments) == code)
    #expect(!Folder.exists(scratch.path("x")))
  }
}
