import Configuration
import FineTuning
import Files
import JSON
import Models
import NN
import PEFT
import PEFTCommands
import Safetensors
import Testing
import Torch
import Training

/// Quantized bases from the command line: training, resuming, writing, reading and merging.
@Suite(.serialized) struct QuantizationCommandTests {
  private let model = Golden.path("models/llama")
  private let rows = Golden.path("training/rows.jsonl")

  private func train(_ output: String, on model: String, _ flags: [String]) async -> Int32 {
    await Program.run(
      [
        "train", "--model", model, "--data", rows, "--output", output, "--quiet", "--batch-size", "4",
        "--scheduler", "constant", "--learning-rate", "0.01", "--rank", "2",
      ] + flags)
  }

  private func logits(of model: String, _ flags: [String], _ scratch: Scratch) async throws -> [String:
    Tensor]
  {
    let file = scratch.path("\(UInt64.random(in: .min ... .max)).safetensors")
    let code = await Program.run(
      ["logits", "--model", model, "--data", rows, "--output", file, "--quiet"] + flags)
    #expect(code == 0)
    return try SafetensorsFile(path: file).allTensors()
  }

  private func expectEqual(_ left: [String: Tensor], _ right: [String: Tensor], within tolerance: Double)
    throws
  {
    #expect(!left.isEmpty && left.count == right.count)
    for (key, tensor) in left { #expect(try tensor.relativeError(to: #require(right[key])) <= tolerance) }
  }

  /// Groups of 128 do not divide the small model's rows.
  private func details(_ format: String) -> [String] {
    ["gptq", "awq"].contains(format) ? ["--block-size", "-1"] : []
  }

  private func quantized(_ format: String, _ scratch: Scratch, _ flags: [String]? = nil) async -> String {
    let folder = scratch.path("base-\(format)")
    let code = await Program.run(
      ["quantize", "--model", model, "--to", format, "--output", folder, "--quiet", "--json"]
        + (flags ?? details(format)))
    #expect(code == 0)
    return folder
  }

  @Test(arguments: ["nf4", "fp4", "int8", "gptq", "awq", "float8"])
  func aQuantizedFolderEqualsQuantizingWhileLoading(format: String) async throws {
    let scratch = try Scratch()
    let folder = await quantized(format, scratch)
    let config = try JSONValue.parse(contentsOf: folder + "/config.json")
    let methods: [String: JSONValue] = ["gptq": "gptq", "awq": "awq", "float8": "fp8"]
    #expect(config["quantization_config"]?["quant_method"] == methods[format] ?? "bitsandbytes")
    let loaded = try PretrainedModel.load(folder: folder)
    #expect(loaded.store.quantizedWeights.count == 7 * (try loaded.configuration.size("num_hidden_layers")))
    #expect(loaded.store.quantizedWeights.allSatisfy { $0.format.rawValue == format })
    let (stored, direct) = (
      try await logits(of: folder, [], scratch),
      try await logits(of: model, ["--quantize", format] + details(format), scratch)
    )
    try expectEqual(stored, direct, within: 0)
    // Rounding costs something, or nothing was rounded.
    let dense = try await logits(of: model, [], scratch)
    let key = try #require(dense.keys.first)
    #expect(try #require(stored[key]).relativeError(to: #require(dense[key])) > 1e-4)
  }

  /// Training on a quantized base is training on the dense weights that it stands for.
  @Test(arguments: ["lora", "dora", "edora", "adalora"], ["nf4", "int8", "gptq", "float8"])
  func trainingEqualsThatOfTheDenseValues(method: String, format: String) async throws {
    let scratch = try Scratch()
    let dense = scratch.path("dense")
    let loaded = try PretrainedModel.load(
      folder: model,
      quantization: Quantization(
        #require(QuantizationFormat(rawValue: format)), blockSize: format == "gptq" ? -1 : nil))
    try ModelWriter.save(loaded, from: model, to: dense)
    let flags = ["--steps", "4", "--method", method]
    let (first, second) = (scratch.path("first"), scratch.path("second"))
    #expect(await train(first, on: model, flags + ["--quantize", format] + details(format)) == 0)
    #expect(await train(second, on: dense, flags) == 0)
    let (left, right) = (
      try await logits(of: model, ["--quantize", format, "--adapter", first] + details(format), scratch),
      try await logits(of: dense, ["--adapter", second], scratch)
    )
    try expectEqual(left, right, within: 1e-3)
  }

  @Test func gradientsEqualThoseOfTheDenseValues() throws {
    let ids = try Tensor.randint(0..<60, [2, 9], generator: Generator(seed: 4))
    func gradients(quantizing: Bool) throws -> [Tensor] {
      let quantization = try Quantization(.nf4)
      let loaded = try PretrainedModel.load(folder: model, quantization: quantization)
      if !quantizing {
        for layer in loaded.store.layers {
          guard let weight = layer.weight as? any QuantizedWeight else { continue }
          layer.weight = Parameter(name: weight.name, tensor: try weight.dense(.float32))
        }
      }
      let adapters = try AdaptedModel(loaded.store, traits: loaded.adapterTraits(), seed: 3)
      _ = try adapters.add(LoRA())
      try adapters.activate(["default"])
      // B begins at zero, and A's gradient with it.
      for entry in adapters.trainableParameters where entry.parameter.name.hasPrefix("lora_B") {
        try withoutGradients { _ = try entry.parameter.tensor.fill_(0.02) }
      }
      try loaded.logits(ModelInput(ids: ids)).square().sum().backward()
      return try adapters.trainableParameters.map { try #require($0.parameter.tensor.grad) }
    }
    let (left, right) = (try gradients(quantizing: true), try gradients(quantizing: false))
    #expect(!left.isEmpty && left.count == right.count)
    for (one, other) in zip(left, right) { #expect(try one.relativeError(to: other) < 1e-4) }
  }

  @Test func aResumedRunHasTheSameBits() async throws {
    let scratch = try Scratch()
    let flags = ["--quantize", "nf4", "--save-every", "2"]
    let (whole, halves) = (scratch.path("whole"), scratch.path("halves"))
    #expect(await train(whole, on: model, flags + ["--steps", "4"]) == 0)
    #expect(await train(halves, on: model, flags + ["--steps", "2"]) == 0)
    #expect(await train(halves, on: model, flags + ["--steps", "4", "--resume"]) == 0)
    let file = "/adapter_model.safetensors"
    #expect(try WholeFile.read(whole + file) == WholeFile.read(halves + file))
    let otherBase = await train(halves, on: model, ["--steps", "6", "--resume", "--quantize", "int8"])
    #expect(otherBase == 65)
  }

  /// LoftQ rounds as the base is kept, in as many turns as it is told, and is the same when it is loaded again.
  @Test(arguments: [1, 3])
  func loftQStartsOnABaseInFewBits(iterations: Int) async throws {
    let scratch = try Scratch()
    let config = try scratch.file(
      "loftq.json", #"{"init_lora_weights": "loftq", "r": 2, "loftq_config": {"loftq_iter": \#(iterations)}}"#
    )
    let flags = [
      "--quantize", "nf4", "--steps", "1", "--learning-rate", "0", "--target-modules", "all-linear",
    ]
    let start = scratch.path("start")
    let arguments = ["train", "--model", model, "--data", rows, "--output", start, "--quiet"]
    #expect(await Program.run(arguments + flags + ["--adapter-config", config]) == 0)
    let right = try await logits(of: model, [], scratch)
    let rounded = try await logits(of: model, ["--quantize", "nf4"], scratch)
    let adapted = try await logits(of: model, ["--quantize", "nf4", "--adapter", start], scratch)
    func distance(_ one: [String: Tensor]) throws -> Double {
      try right.reduce(0) { try $0 + #require(one[$1.key]).relativeError(to: $1.value) }
    }
    #expect(try distance(adapted) < distance(rounded))
    // A base that was rounded before is the same after one turn; of more turns it knows nothing.
    let base = await quantized("nf4", scratch)
    let file = scratch.path("again.safetensors")
    let again = await Program.run([
      "logits", "--model", base, "--adapter", start, "--data", rows, "--output", file, "--quiet",
    ])
    #expect(again == (iterations == 1 ? 0 : 65))
    if iterations == 1 { try expectEqual(SafetensorsFile(path: file).allTensors(), adapted, within: 1e-5) }
    let repair = [
      "train", "--model", base, "--data", rows, "--output", scratch.path("repair"), "--quiet", "--steps", "1",
      "--learning-rate", "0", "--target-modules", "all-linear", "--adapter-config", config,
    ]
    #expect(await Program.run(repair) == 65)
    #expect(await Program.run(repair + ["--originals", scratch.folder]) == 65)
    #expect(await Program.run(repair + ["--originals", model]) == 0)
    let (one, other) = try (AdapterFolder(path: start), AdapterFolder(path: scratch.path("repair")))
    try expectEqual(one.tensors, other.tensors, within: 1e-4)
  }

  @Test func mergingAsksWhatBecomesOfTheBase() async throws {
    let scratch = try Scratch()
    let base = await quantized("nf4", scratch)
    let adapter = scratch.path("adapter")
    #expect(await train(adapter, on: base, ["--steps", "4"]) == 0)
    let arguments = ["merge", "--model", base, "--adapter", adapter, "--quiet", "--json", "--output"]
    let (dense, small) = (scratch.path("dense"), scratch.path("small"))
    #expect(await Program.run(arguments + [dense]) == 64)
    #expect(await Program.run(arguments + [dense, "--into", "dense", "--verify"]) == 0)
    #expect(await Program.run(arguments + [small, "--into", "requantize"]) == 0)
    let wanted = try await logits(of: base, ["--adapter", adapter], scratch)
    try await expectEqual(logits(of: dense, [], scratch), wanted, within: 1e-4)
    let loaded = try PretrainedModel.load(folder: small)
    #expect(loaded.store.quantizedWeights.allSatisfy { $0.format == .nf4 })
    #expect(try JSONValue.parse(contentsOf: small + "/config.json")["quantization_config"] != nil)
    #expect(try JSONValue.parse(contentsOf: dense + "/config.json")["quantization_config"] == nil)
    // The sum is rounded again: nearer to it than the base alone would not be worth a merge.
    try await expectEqual(logits(of: small, [], scratch), wanted, within: 0.5)
  }

  @Test(arguments: ["gptq", "awq", "float8", "int8", "fp4"])
  func everyFormatIsMergedAgain(format: String) async throws {
    let scratch = try Scratch()
    let base = await quantized(format, scratch)
    let adapter = scratch.path("adapter")
    #expect(await train(adapter, on: base, ["--steps", "4"]) == 0)
    let small = scratch.path("small")
    let code = await Program.run([
      "merge", "--model", base, "--adapter", adapter, "--quiet", "--json", "--output", small, "--into",
      "requantize",
    ])
    #expect(code == 0)
    let loaded = try PretrainedModel.load(folder: small)
    #expect(
      loaded.store.quantizedWeights.count == 14
        && loaded.store.quantizedWeights.allSatisfy { $0.format.rawValue == format })
    let wanted = try await logits(of: base, ["--adapter", adapter], scratch)
    try await expectEqual(logits(of: small, [], scratch), wanted, within: 0.5)
  }

  /// Layers whose change rounding swallows are told, and how far the outputs are off.
  @Test func whatRoundingSwallowsIsSaid() throws {
    let tuned = try AdaptedPretrainedModel(folder: model, quantization: Quantization(.nf4))
    _ = try tuned.adapters.add(LoRA())
    try tuned.adapters.activate(["default"])
    for entry in tuned.adapters.parameters(of: "default") where entry.parameter.name.hasPrefix("lora_B") {
      try withoutGradients { _ = try entry.parameter.tensor.fill_(1e-5) }
    }
    let report = try tuned.mergeQuantized()
    #expect(report.layers.count == 4 && report.roundedAway.count == 4)
    #expect(report.layers.allSatisfy { $0.change > 0 && $0.change < 1e-3 })
    #expect(report.logitsError > 0 && report.logitsError < 0.1)
  }

  /// Trained on groups, merged into the zeros of the same groups: nothing is rounded.
  @Test(arguments: ["gptq", "awq"]) func aPooledAdapterGoesIntoTheZeros(format: String) async throws {
    let scratch = try Scratch()
    let base = await quantized(format, scratch, ["--block-size", "32", "--skip-modules", "down_proj"])
    let config = scratch.path("config.json")
    let fields: JSONObject = [
      "peft_type": "LORA", "r": 2, "lora_alpha": 8, "use_qalora": true, "qalora_group_size": 32,
      "target_modules": ["q_proj", "v_proj", "up_proj"], "task_type": "CAUSAL_LM",
    ]
    try AtomicFile.write(config, JSONValue.object(fields).serialized())
    let (adapter, plain) = (scratch.path("adapter"), scratch.path("plain"))
    let flags = ["--steps", "6", "--adapter-config", config]
    let code = await Program.run(
      [
        "train", "--model", base, "--data", rows, "--output", adapter, "--quiet", "--batch-size", "4",
        "--learning-rate", "0.01",
      ] + flags)
    #expect(code == 0)
    #expect(await train(plain, on: base, ["--steps", "1"]) == 0)
    let merge = ["merge", "--model", base, "--quiet", "--json", "--into", "qalora"]
    let merged = scratch.path("merged")
    #expect(await Program.run(merge + ["--adapter", adapter, "--output", merged, "--verify"]) == 0)
    let loaded = try PretrainedModel.load(folder: merged)
    #expect(loaded.store.quantizedWeights.count == 12)
    let wanted = try await logits(of: base, ["--adapter", adapter], scratch)
    try await expectEqual(logits(of: merged, [], scratch), wanted, within: 1e-4)
    // Others cannot go there.
    #expect(await Program.run(merge + ["--adapter", plain, "--output", scratch.path("x")]) == 65)
    let whole = await quantized("int8", scratch)
    let refused = await Program.run([
      "merge", "--model", whole, "--quiet", "--into", "qalora", "--adapter", adapter, "--output",
      scratch.path("y"),
    ])
    #expect(refused == 65)
  }

  @Test func pooledGroupsMustDivideTheInputs() throws {
    let tuned = try AdaptedPretrainedModel(folder: model)
    var method = LoRA()
    (method.taskSpecific["use_qalora"], method.taskSpecific["qalora_group_size"]) = (true, 12)
    let error = #expect(throws: ConfigurationError.self) { _ = try tuned.adapters.add(method) }
    #expect(error?.description.contains("qalora_group_size is 12") == true)
    method.taskSpecific["qalora_group_size"] = 8
    method.usesDoRA = true
    #expect(throws: ConfigurationError.self) { try method.validate() }
  }

  /// Layers' outputs are nearer to what they were than after rounding to the nearest, block by block.
  @Test(arguments: ["models/llama", "gpt/gpt2"], [false, true])
  func textsCorrectForRounding(model: String, isOrdered: Bool) throws {
    let skipped = ["down_proj", "c_fc", "mlp.c_proj"]
    let quantization = try Quantization(.gptq, blockSize: 32, skippedModules: skipped)
    let tuned = try AdaptedPretrainedModel(folder: Golden.path(model), quantization: quantization)
    let names = tuned.model.store.quantizedWeights.map(\.name)
    let (report, _) = try tuned.roundAgain(
      on: rows, DataOptions(), rows: 16, ordersByActivation: isOrdered, seed: 1)
    #expect(report.layers.count == names.count && report.unreached.isEmpty)
    #expect(report.calibrated < 0.8 * report.nearest)
    for layer in report.layers { #expect(layer.calibrated < 1.05 * layer.nearest, "\(layer.name)") }
  }

  @Test func aFolderRoundedByTextsIsReadAndNearer() async throws {
    let scratch = try Scratch()
    let flags = ["--group-size", "32", "--skip-modules", "down_proj"]
    let nearest = await quantized("gptq", scratch, flags)
    let dense = try await logits(of: model, [], scratch)
    let before = try await logits(of: nearest, [], scratch)
    let data = ["--data", rows, "--desc-act", "--calibration-rows", "20", "--overwrite"]
    let folder = await quantized("gptq", scratch, flags + data)
    let after = try await logits(of: folder, [], scratch)
    func distance(_ one: [String: Tensor]) throws -> Double {
      try dense.reduce(0) { try $0 + #require(one[$1.key]).relativeError(to: $1.value) }
    }
    #expect(after.count == dense.count)
    #expect(try distance(after) < 0.9 * distance(before))
    let config = try JSONValue.parse(contentsOf: folder + "/config.json")
    #expect(config["quantization_config"]?["desc_act"] == true)
    for wrong in [["--to", "awq", "--data", rows], ["--to", "gptq", "--desc-act"]] {
      let code = await Program.run(
        ["quantize", "--model", model, "--output", scratch.path("x"), "--quiet"] + wrong)
      #expect(code == 64)
    }
    let again = await Program.run([
      "quantize", "--model", folder, "--to", "gptq", "--data", rows, "--output", scratch.path("y"), "--quiet",
    ])
    #expect(again == 65)
  }

  @Test func whatMakesNoSenseIsRefused() async throws {
    let scratch = try Scratch()
    let base = await quantized("int8", scratch)
    #expect(await train(scratch.path("a"), on: model, ["--steps", "1", "--quantize", "nf5"]) == 64)
    #expect(await train(scratch.path("b"), on: model, ["--steps", "1", "--block-size", "64"]) == 64)
    #expect(
      await train(scratch.path("c"), on: model, ["--steps", "1", "--quantize", "nf4", "--block-size", "7"])
        == 64)
    #expect(await train(scratch.path("d"), on: base, ["--steps", "1", "--quantize", "nf4"]) == 65)
    let full = await Program.run([
      "train", "--model", base, "--data", rows, "--output", scratch.path("e"), "--quiet", "--steps", "1",
      "--method", "full",
    ])
    #expect(full == 65)
    #expect(
      await Program.run(["quantize", "--model", model, "--to", "int3", "--output", scratch.path("f")]) == 64)
  }

  @Test func modulesThatAreSkippedStayDense() throws {
    let quantization = try Quantization(.nf4, skippedModules: ["down_proj", "model.layers.0.self_attn"])
    let names = try PretrainedModel.load(folder: model, quantization: quantization).store.quantizedWeights
      .map(\.name)
    #expect(!names.isEmpty)
    #expect(
      !names.contains {
        $0.contains("down_proj") || $0.contains("layers.0.self_attn") || $0.contains("lm_head")
      })
    #expect(names.contains("model.layers.1.self_attn.q_proj.weight"))
  }
}
