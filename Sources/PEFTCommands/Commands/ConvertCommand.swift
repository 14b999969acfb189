import ArgumentParser
import FineTuning
import JSON
import Models
import PEFT

/// Adapters from one layout to another.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Rewrite an adapter in another layout, or as another adapter.",
    discussion: """
      The layout of the input is told by its contents. Layouts: peft (Hugging Face PEFT's; an EDoRA becomes a DoRA or
      LoRA with equal outputs, a LoRA that took something off the base when it began an ordinary one at twice the
      rank; one of several models of a pipeline a folder for each), edora, diffusers, kohya, mlx, gguf
      (llama.cpp's), loralib; cloneofsimo's numbered layers are read only. lora: an ordinary LoRA of
      rank and alpha alone, in PEFT's layout; --rank or --energy cut it, and methods that are no product of two
      factors need them, and --model.

      Example:
        peft convert --input my-adapter --to gguf --model Qwen2.5-0.5B --output my-gguf
      """)

  private static let targets =
    ["peft", "lora"] + AdapterFormat.written.map(\.rawValue).filter { $0 != "peft" }

  @Option(help: "The adapter to read: a folder or a file.") var input: String
  @Option(help: "\(targets.joined(separator: ", ")).") var to: String
  @Option(help: "The folder to write.") var output: String
  @Option(help: "The layout of the input (default: told by its contents).") var from: String?
  @Option(help: "The base model, for what an adapter does not say itself.") var model: String?
  @OptionGroup var truncation: TruncationFlags
  @Option(help: "The lora_alpha of a loralib file.") var alpha: Double?
  @Option(help: .enabledParts) var enableLora: String?
  @Option(help: "The part of a pipeline: unet, transformer, text_encoder, ...") var component: String?
  @Flag(help: "Weaken directions that a LoRA added and its base does not have; needs --model.")
  var reduceIntruders = false
  @Option(help: .field(IntruderReduction.self, "top_k")) var topK: Int?
  @Option(help: .field(IntruderReduction.self, "threshold_epsilon")) var thresholdEpsilon: Double?
  @Option(help: .field(IntruderReduction.self, "mitigation_lambda")) var mitigationLambda: Double?
  @Flag(help: "Replace the folder if it is not empty.") var overwrite = false
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    func check(_ flag: String, _ name: String?, _ known: [String]) throws {
      guard let name, !known.contains(name) else { return }
      throw ValidationError(
        "\(flag) is '\(name)'\(Suggestion.hint(name, among: known)): must be one of \(known.joined(separator: ", "))"
      )
    }
    try check("--to", to, Self.targets)
    try check("--component", component, PipelinePart.names)
    if let alpha, !alpha.isFinite { throw ValidationError("--alpha is '\(alpha)': must be a finite number") }
    try check("--from", from, AdapterFormat.allCases.map(\.rawValue))
    _ = try enableLora.map(EnabledParts.parse)
    if reduceIntruders, model == nil {
      throw ValidationError("--reduce-intruders needs the base: give --model")
    }
    if truncation.value != nil, to != "lora" {
      throw ValidationError("--rank and --energy make an ordinary LoRA: use them with --to lora")
    }
    if !reduceIntruders, topK != nil || thresholdEpsilon != nil || mitigationLambda != nil {
      throw ValidationError(
        "--top-k, --threshold-epsilon and --mitigation-lambda belong to --reduce-intruders")
    }
  }

  func run() throws {
    var conversion = AdapterConversion(input, model: model)
    conversion.from = from.flatMap(AdapterFormat.init(rawValue:))
    conversion.context.alpha = alpha
    conversion.context.enabledParts = try enableLora.map(EnabledParts.parse)
    conversion.context.component = component
    var adapter = try conversion.read()
    var intruders: Int?
    if reduceIntruders {
      var values = FlagValues()
      values.set("top_k", topK)
      values.set("threshold_epsilon", thresholdEpsilon)
      values.set("mitigation_lambda", mitigationLambda)
      let reduced = try conversion.reducingIntruders(adapter, IntruderReduction(flags: values.object))
      intruders = reduced.intruders.reduce(0) { $0 + $1.count }
      adapter = reduced.adapter
    }
    if to == "lora" { adapter = try conversion.ordinaryLoRA(adapter, keeping: truncation.value) }
    if to == "peft" { adapter = try conversion.readable(adapter) }
    let format = AdapterFormat(rawValue: to) ?? .peft
    try FolderReplacement.write(output, overwrite: overwrite) {
      try conversion.write(adapter, as: format, to: $0)
      try ClassLabels.keep(from: [input], beside: $0)
    }
    if speech.json {
      var result: JSONObject = ["output": .string(output), "tensors": .int(adapter.tensors.count)]
      result["intruders"] = intruders.map(JSONValue.int)
      Console.print(.object(result))
    } else {
      Console.print(
        "\(output): \(adapter.tensors.count) tensors" + (intruders.map { ", \($0) intruders reduced" } ?? ""))
    }
  }
}
