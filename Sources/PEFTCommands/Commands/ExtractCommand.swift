import ArgumentParser
import FineTuning
import JSON
import Models
import PEFT
import Reports

/// The difference of two models as an adapter.
struct ExtractCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract",
    abstract: "Make an adapter of the difference of a model and its base.",
    discussion: """
      Changed matrices become a LoRA of a fixed rank, or of as much rank in each layer as a share of the energy needs.
      Embeddings, norms and biases that changed are listed; --save-others keeps them whole with the adapter.

      Example:
        peft extract --base Qwen2.5-0.5B --tuned my-finetune --energy 0.95 --output my-adapter
      """)

  @Option(help: "The model before training: a folder or a hub id.") var base: String
  @Option(help: "The model after it.") var tuned: String
  @Option(help: "The folder to write.") var output: String
  @OptionGroup var truncation: TruncationFlags
  @Option(help: "Only these modules: names with commas between, or a regular expression.")
  var targetModules: String?
  @Flag(help: "Save whole what changed and is no matrix: embeddings, norms, biases.") var saveOthers = false
  @Flag(help: "Replace the folder if it is not empty.") var overwrite = false
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    if truncation.value == nil { throw ValidationError("no --rank and no --energy: give one of them") }
  }

  func run() throws {
    guard let keeping = truncation.value else { return }
    _ = try engine.start()
    let result = try Extraction(
      base: base, tuned: tuned, keeping: keeping,
      modules: targetModules.map { ModuleSelection(commandLine: $0) }, savesOthers: saveOthers)
    try FolderReplacement.write(output, overwrite: overwrite) { try result.adapter.write(to: $0) }
    if !saveOthers, !result.others.isEmpty {
      let names = result.others.prefix(4).map(\.name).joined(separator: ", ")
      speech.warn(["\(result.others.count) tensors changed and are not in the adapter, such as \(names)"])
    }
    speech.json ? Console.print(.object(json(result))) : show(result)
  }

  private func show(_ result: Extraction) {
    var table = TextTable([.init("layer", maximumWidth: 80), .init("rank", .right), .init("kept", .right)])
    for layer in result.layers { table.append([layer.name, "\(layer.rank)", Numerals.short(layer.energy)]) }
    Console.print(table.text(), terminator: "")
    Console.print(
      "\(output): \(result.layers.count) layers, \(result.others.count) other tensors changed, \(result.unchanged) did not"
    )
  }

  private func json(_ result: Extraction) -> JSONObject {
    [
      "output": .string(output), "unchanged": .int(result.unchanged),
      "layers": .array(
        result.layers.map { ["name": .string($0.name), "rank": .int($0.rank), "energy": .double($0.energy)] }),
      "others": .array(result.others.map { ["name": .string($0.name), "change": .double($0.change)] }),
    ]
  }
}
