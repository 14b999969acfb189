import Files
import JSON
import NN
import PEFTCommands
import Safetensors
import Testing
import Torch

/// Commands as scripts call them: exit codes, files, and golden values through the whole program.
@Suite(.serialized) struct CommandTests {
  private let model = Golden.path("models/llama")
  private let rows = Golden.path("training/rows.jsonl")

  private func run(_ arguments: String...) async -> Int32 { await Program.run(arguments + ["--quiet"]) }

  @Test(arguments: [
    "lora", "dora", "adalora", "lora-accumulate-clip", "lora-cosine", "modules-to-save", "full", "ia3",
    "ln-tuning", "prompt", "prefix", "p-tuning-lstm",
  ])
  func trainingGivesTheReferenceLosses(_ name: String) async throws {
    let scratch = try Scratch()
    let reference = try JSONValue.parse(contentsOf: Golden.path("training/\(name)/run.json"))
    func word(_ key: String) -> String { reference[key]?.stringValue ?? reference[key]?.serialized() ?? "" }
    let initial = reference["initial"]?.stringValue.map { Golden.path("training/\($0)") }
    let code = await Program.run(
      [
        "train", "--model", Golden.path("models/\(word("model"))"), "--data", rows, "--output",
        scratch.path("run"),
        "--steps", word("steps"), "--batch-size", word("batch_size"), "--learning-rate",
        word("learning_rate"),
        "--gradient-accumulation", word("gradient_accumulation"), "--scheduler", word("scheduler"),
        "--warmup-steps", word("warmup_steps"), "--weight-decay", word("weight_decay"),
        "--max-grad-norm", word("max_grad_norm"), "--no-shuffle", "--quiet",
      ] + (initial.map { ["--init-adapter", $0] } ?? ["--method", "full"]))
    #expect(code == 0)
    let metrics = String(decoding: try WholeFile.read(scratch.path("run/metrics.jsonl")), as: UTF8.self)
    let losses = try metrics.split(separator: "\n").map {
      try JSONValue.parse(String($0))["loss"]?.doubleValue ?? .nan
    }
    let expected = (reference["trace"]?.arrayValue ?? []).map { $0["loss"]?.doubleValue ?? .nan }
    #expect(losses.count == expected.count)
    for (loss, wanted) in zip(losses, expected) { #expect(abs(loss - wanted) <= 1e-4 * abs(wanted)) }
    #expect(Folder.hasFile(scratch.path("run/\(initial == nil ? "model" : "adapter_model").safetensors")))
    #expect(Folder.hasFile(scratch.path("run/summary.json")))
  }

  @Test(arguments: [
    "list", "dora", "adalora", "modules-to-save", "ia3", "ln-tuning", "prompt", "prefix", "token-indices",
    "replication", "alora",
  ])
  func logitsAreThoseOfTheReference(_ name: String) async throws {
    let scratch = try Scratch()
    let adapter = Golden.path("adapters/\(name)")
    let expected = try SafetensorsFile(path: adapter + "/expected.safetensors").allTensors()
    let (ids, mask) = (try #require(expected["input_ids"]), try #require(expected["attention_mask"]))
    let lengths = try mask.to(dtype: .int64).sum([1]).array(of: Int.self)
    let lines = try lengths.enumerated().map { index, length in
      let tokens = try ids.select(0, index).array(of: Int.self).prefix(length)
      let row: JSONValue = ["input_ids": .array(tokens.map(JSONValue.int))]
      return row.serialized() + "\n"
    }
    let data = try scratch.file("rows.jsonl", lines.joined())
    let code = await run(
      "logits", "--model", model, "--adapter", adapter, "--data", data, "--output",
      scratch.path("out.safetensors"))
    #expect(code == 0)
    let written = try SafetensorsFile(path: scratch.path("out.safetensors")).allTensors()
    for (index, length) in lengths.enumerated() {
      let found = try #require(written["logits.\(index)"])
      let all = try #require(expected["logits"]).select(0, index)
      // The rows of virtual tokens come first there, and are left out here.
      let wanted = try all.slice(0, from: all.shape[0] - ids.shape[1]).slice(0, 0..<length)
      let error: Double = try ((found - wanted).norm() / wanted.norm()).item()
      #expect(error < 1e-5)
    }
  }

  @Test func anEncoderIsTrainedScoredAndMerged() async throws {
    let scratch = try Scratch()
    let (model, data) = (Golden.path("encoders/bert"), Golden.path("encoders/training/rows.jsonl"))
    let trained = await run(
      "train", "--task", "seq-cls", "--model", model, "--data", data, "--eval-data", data, "--method", "lora",
      "--steps", "3", "--batch-size", "4", "--output", scratch.path("run"))
    #expect(trained == 0)
    let config = try JSONValue.parse(contentsOf: scratch.path("run/adapter_config.json"))
    #expect(config["task_type"] == "SEQ_CLS")
    #expect(config["modules_to_save"]?.arrayValue?.contains("classifier") == true)
    let tensors = try SafetensorsFile(path: scratch.path("run/adapter_model.safetensors")).allTensors()
    #expect(tensors["base_model.model.classifier.weight"]?.shape == [3, 32])
    #expect(
      tensors["base_model.model.bert.encoder.layer.1.attention.self.query.lora_A.weight"]?.shape.last == 32)
    let summary = try JSONValue.parse(contentsOf: scratch.path("run/summary.json"))
    #expect(summary["eval"]?["accuracy"]?.doubleValue != nil)
    let merged = await run(
      "merge", "--model", model, "--adapter", scratch.path("run"), "--output", scratch.path("merged"),
      "--verify")
    #expect(merged == 0)
    #expect(await run("inspect", scratch.path("merged"), "--json") == 0)
    #expect(await run("eval", "--model", scratch.path("merged"), "--data", data, "--json") == 0)
    func logits(_ name: String, _ arguments: [String]) async throws -> [String: Tensor] {
      let output = scratch.path("\(name).safetensors")
      let code = await Program.run(["logits", "--data", data, "--output", output, "--quiet"] + arguments)
      #expect(code == 0)
      return try SafetensorsFile(path: output).allTensors()
    }
    let beside = try await logits("beside", ["--model", model, "--adapter", scratch.path("run")])
    let whole = try await logits("whole", ["--model", scratch.path("merged")])
    #expect(beside.count == 10)
    for (name, tensor) in beside {
      let error = try #require(whole[name]).relativeError(to: tensor)
      #expect(error < 1e-4)
    }
  }

  @Test func anActivatedLoRACannotBeMerged() async throws {
    let scratch = try Scratch()
    let adapter = Golden.path("adapters/alora")
    #expect(
      await run("merge", "--model", model, "--adapter", adapter, "--output", scratch.path("merged")) == 65)
    #expect(!Folder.exists(scratch.path("merged")))
  }

  @Test(arguments: ["dora", "replication", "token-indices"])
  func mergedModelComputesTheSame(_ name: String) async throws {
    let scratch = try Scratch()
    let code = await run(
      "merge", "--model", model, "--adapter", Golden.path("adapters/\(name)"), "--output",
      scratch.path("merged"),
      "--verify")
    #expect(code == 0)
    #expect(await run("inspect", scratch.path("merged"), "--json") == 0)
  }

  @Test(
    arguments: [
      (["trian"], 64), (["train", "--model", "x"], 64), (["train", "--modle", "x"], 64),
      (["generate", "--model", "x"], 64), (["inspect", "/nowhere"], 65),
      (["tokenize", "--model", "/nowhere"], 65),
      (["eval", "--model", "/nowhere", "--data", "/nowhere"], 65),
      (["convert", "--input", "x", "--to", "koyha", "--output", "y"], 64),
    ] as [([String], Int32)])
  func mistakesHaveTheirExitCode(_ arguments: [String], _ code: Int32) async {
    #expect(await Program.run(arguments) == code)
  }

  @Test(
    arguments: [
      (["--method", "lroa"], 64), (["--scheduler", "linera"], 64), (["--steps", "0"], 64),
      (["--rank", "0"], 64), (["--rank", "1000"], 65), (["--method", "ia3", "--rank", "4"], 64),
      (["--method", "prefix-tuning", "--target-modules", "q_proj"], 64),
      (["--method", "p-tuning", "--prompt-text", "a"], 64),
      (["--method", "lora", "--virtual-tokens", "4"], 64),
      (["--method", "prompt-tuning", "--virtual-tokens", "0"], 64),
      (["--method", "prompt-tuning", "--prompt-text", "a"], 65),
      (["--method", "bitfit", "--alpha", "4"], 64), (["--method", "bitfit"], 65),
      (["--method", "lora", "--bottleneck-size", "4"], 64),
      (["--method", "bottleneck", "--bottleneck-size", "0"], 64), (["--method", "full", "--alpha", "4"], 64),
      (["--target-modules", "qproj"], 65), (["--device", "cuda:99"], 69), (["--task", "seq"], 64),
      (["--steps", "1", "--epochs", "1"], 64),
    ] as [([String], Int32)])
  func aFailedRunLeavesNothing(_ flags: [String], _ code: Int32) async throws {
    let scratch = try Scratch()
    let arguments =
      ["train", "--model", model, "--data", rows, "--output", scratch.path("run"), "--quiet"] + flags
    #expect(await Program.run(arguments) == code)
    #expect(!Folder.exists(scratch.path("run")))
  }

  @Test(arguments: ["", "{\"input_ids\":[1,999]}\n", "{\"foo\":1}\n", "{\"text\":\n", "{\"text\":\"a\"}\n"])
  func badRowsAreRefused(_ text: String) async throws {
    let scratch = try Scratch()
    let data = try scratch.file("rows.jsonl", text)
    #expect(await run("train", "--model", model, "--data", data, "--output", scratch.path("run")) == 65)
    #expect(!Folder.exists(scratch.path("run")))
  }

  @Test func aTakenFolderIsNotTouched() async throws {
    let scratch = try Scratch()
    _ = try scratch.file("run.txt", "mine")
    #expect(
      await run("train", "--model", model, "--data", rows, "--output", scratch.folder, "--steps", "1") == 65)
    #expect(try Folder.names(in: scratch.folder) == ["run.txt"])
    let arguments = ["train", "--model", model, "--data", rows, "--output", scratch.folder, "--steps", "1"]
    #expect(await Program.run(arguments + ["--overwrite", "--quiet"]) == 0)
    #expect(Folder.hasFile(scratch.path("run.txt")))
  }

  /// Not even --overwrite touches what no run has written, or what this one reads.
  @Test func overwritingSparesWhatIsNotOfARun() async throws {
    let scratch = try Scratch()
    let mine = [
      "seed-corpus/a.txt", "model-zoo/b.txt", "seed-rows.jsonl", "config.json", "model.safetensors",
    ]
    for name in mine {
      try Folder.create(Folder.containing(scratch.path(name)))
      _ = try scratch.file(name, "mine")
    }
    let arguments = ["train", "--model", model, "--output", scratch.folder, "--steps", "1", "--quiet"]
    #expect(await Program.run(arguments + ["--data", rows, "--overwrite"]) == 0)
    for name in mine { #expect(Folder.hasFile(scratch.path(name)), "\(name)") }
    let own = try scratch.file("rows.jsonl", String(decoding: WholeFile.read(rows), as: UTF8.self))
    #expect(await Program.run(arguments + ["--data", own, "--overwrite"]) == 64)
    #expect(Folder.hasFile(scratch.path("adapter_config.json")))
    let begun = ["--data", rows, "--init-adapter", scratch.folder, "--overwrite"]
    #expect(await Program.run(arguments + begun) == 64)
    #expect(Folder.hasFile(scratch.path("adapter_model.safetensors")))
  }

  /// A file that PEFT has written has every field; the name of a method says more.
  @Test func aMethodSaysMoreThanAFile() async throws {
    let scratch = try Scratch()
    let plain = try scratch.file("plain.json", #"{"peft_type": "LORA", "r": 2, "use_dora": false}"#)
    let dora = try scratch.file("dora.json", #"{"peft_type": "LORA", "r": 2, "use_dora": true}"#)
    let output = scratch.path("run")
    let arguments = [
      "train", "--model", model, "--data", rows, "--output", output, "--steps", "1", "--quiet",
    ]
    #expect(await Program.run(arguments + ["--adapter-config", plain, "--method", "dora"]) == 0)
    let config = try JSONValue.parse(contentsOf: "\(output)/adapter_config.json")
    #expect(config["use_dora"] == true && config["r"] == 2)
    #expect(
      await Program.run(arguments + ["--overwrite", "--adapter-config", dora, "--method", "lora"]) == 0)
    #expect(try JSONValue.parse(contentsOf: "\(output)/adapter_config.json")["use_dora"] == false)
  }

  @Test func flagsComeFromAFile() async throws {
    let scratch = try Scratch()
    let file = try scratch.file("run.yaml", "steps: 2\nbatch_size: 2\nshuffle: false\nlearning-rate: 1e-3\n")
    let arguments = ["train", "--model", model, "--data", rows, "--output", scratch.path("run"), "--quiet"]
    #expect(await Program.run(arguments + ["--config", file, "--steps", "3"]) == 0)
    let lines = try WholeFile.read(scratch.path("run/metrics.jsonl")).split(separator: UInt8(ascii: "\n"))
    #expect(lines.count == 3)
    let wrong = try scratch.file("wrong.yaml", "learing_rate: 1\n")
    #expect(await Program.run(arguments + ["--config", wrong, "--overwrite"]) == 65)
  }
}
