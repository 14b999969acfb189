import Files
import JSON
import NN
import PEFT
import PEFTCommands
import Safetensors
import Testing
import Torch

/// `peft train --init NAME` and what goes with it.
@Suite(.serialized) struct InitializationCommandTests {
  private let model = Golden.path("models/llama")
  private let rows = Golden.path("training/rows.jsonl")

  private func train(_ output: String, _ flags: String...) async -> Int32 {
    await Program.run(
      [
        "train", "--model", model, "--data", rows, "--output", output, "--quiet", "--batch-size", "4",
        "--scheduler", "constant", "--learning-rate", "0.01", "--rank", "2",
      ] + flags)
  }

  /// The logits of every row under an adapter.
  private func logits(_ adapter: String, _ scratch: Scratch) async throws -> [String: Tensor] {
    let file = scratch.path("\(UInt64.random(in: .min ... .max)).safetensors")
    let code = await Program.run([
      "logits", "--model", model, "--adapter", adapter, "--data", rows, "--output", file, "--quiet",
    ])
    #expect(code == 0)
    return try SafetensorsFile(path: file).allTensors()
  }

  private func fields(_ folder: String) throws -> JSONValue {
    try JSONValue.parse(contentsOf: folder + "/adapter_config.json")
  }

  @Test(arguments: ["pissa", "pissa_niter_4", "olora", "corda", "lora_ga"])
  func aStartOffTheBaseCanBecomeAnOrdinaryLoRA(name: String) async throws {
    let scratch = try Scratch()
    let (own, ordinary, converted) = (
      scratch.path("own"), scratch.path("ordinary"), scratch.path("converted")
    )
    #expect(await train(own, "--steps", "3", "--init", name) == 0)
    #expect(Folder.hasFile(own + "/adapter_initial.safetensors"))
    #expect(await train(ordinary, "--steps", "3", "--init", name, "--convert-to-lora") == 0)
    #expect(
      await Program.run(["convert", "--input", own, "--to", "peft", "--output", converted, "--quiet"]) == 0)
    let right = try await logits(own, scratch)
    for folder in [ordinary, converted] {
      #expect(!Folder.hasFile(folder + "/adapter_initial.safetensors"))
      let fields = try fields(folder)
      #expect(fields["init_lora_weights"] == true && fields["r"] == 4 && fields["inference_mode"] == true)
      for (key, tensor) in try await logits(folder, scratch) {
        #expect(try tensor.relativeError(to: #require(right[key])) < 1e-4)
      }
    }
    #expect(try fields(own)["init_lora_weights"]?.stringValue == name)
    // A folder of PEFT has no such file: the base says what the initialization took off it.
    guard name == "pissa" || name == "olora" else { return }
    try Folder.removeFile(own + "/adapter_initial.safetensors")
    let again = scratch.path("again")
    let convert = ["convert", "--input", own, "--to", "peft", "--output", again, "--quiet"]
    #expect(await Program.run(convert) == 65)
    #expect(await Program.run(convert + ["--model", model]) == 0)
    for (key, tensor) in try await logits(again, scratch) {
      #expect(try tensor.relativeError(to: #require(right[key])) < 1e-4)
    }
    #expect(await Program.run(["inspect", own, "--json", "--quiet"]) == 0)
  }

  @Test func evaSharesRanksOut() async throws {
    let scratch = try Scratch()
    let output = scratch.path("run")
    #expect(
      await train(
        output, "--steps", "2", "--init", "eva", "--target-modules", "all-linear", "--calibration-batches",
        "3")
        == 0)
    let fields = try fields(output)
    #expect(fields["init_lora_weights"] == "eva")
    #expect(try #require(fields["rank_pattern"]?.objectValue).isEmpty == false)
    let adapter = try AdapterFolder(path: output)
    let ranks = adapter.tensors.filter { $0.key.hasSuffix("lora_A.weight") }.map { $0.value.shape[0] }
    // As many as all linear layers together have at rank 2.
    #expect(ranks.reduce(0, +) == 2 * 14 && Set(ranks).count > 1)
  }

  @Test(arguments: ["pissa", "eva", "lora_ga", "mica"])
  func aResumedRunHasTheSameBits(name: String) async throws {
    let scratch = try Scratch()
    let (whole, broken) = (scratch.path("whole"), scratch.path("broken"))
    #expect(await train(whole, "--steps", "4", "--init", name) == 0)
    #expect(await train(broken, "--steps", "2", "--init", name) == 0)
    #expect(await train(broken, "--steps", "4", "--init", name, "--resume") == 0)
    for file in ["adapter_model.safetensors", "adapter_initial.safetensors", "adapter_config.json"] {
      guard Folder.hasFile("\(whole)/\(file)") else { continue }
      #expect(try WholeFile.read("\(whole)/\(file)") == WholeFile.read("\(broken)/\(file)"), "\(file)")
    }
    // Another start is another run.
    #expect(await train(broken, "--steps", "5", "--init", "gaussian", "--resume") != 0)
  }

  @Test func eightBitMeansTrain() async throws {
    let scratch = try Scratch()
    #expect(await train(scratch.path("run"), "--steps", "3", "--optimizer", "adamw8bit") == 0)
  }

  @Test(
    arguments: [
      (["--init", "pisa"], 64), (["--init", "orthogonal", "--rank", "3"], 64),
      (["--init", "pissa", "--method", "ia3"], 64), (["--init", "pissa", "--method", "adalora"], 64),
      (["--init", "eva", "--calibration-batches", "0"], 64), (["--init", "loftq", "--convert-to-lora"], 65),
      (["--method", "edora", "--convert-to-lora"], 65), (["--init", "pissa", "--rank", "1000"], 65),
    ] as [([String], Int32)])
  func whatMakesNoSenseIsRefusedBeforeAnyWork(flags: [String], code: Int32) async throws {
    let scratch = try Scratch()
    let arguments = ["train", "--model", model, "--data", rows, "--output", scratch.path("run"), "--quiet"]
    #expect(await Program.run(arguments + flags) == code)
    #expect(!Folder.exists(scratch.path("run")))
  }
}
