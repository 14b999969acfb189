import ArgumentParser
import JSON
import Models
import NN
import PEFT

/// Adapters from one layout to another.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Rewrite an adapter in another layout.",
    discussion: """
      peft: Hugging Face PEFT's. An EDoRA becomes a DoRA (or without magnitudes a LoRA) with equal outputs, which
      PEFT can load; a LoRA that took something off the base when it began (pissa, olora, corda, lora_ga) an ordinary
      one at twice the rank. edora: that of the EDoRA repository.

      Example:
        peft convert --input my-edora --to peft --output my-dora
      """)

  private static let formats = ["peft", "edora"]

  @Option(help: "The adapter folder to read.") var input: String
  @Option(help: "peft or edora.") var to: String
  @Option(help: "The folder to write.") var output: String
  @Flag(help: "Replace the folder if it is not empty.") var overwrite = false
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    guard Self.formats.contains(to) else {
      throw ValidationError(
        "--to is '\(to)'\(Suggestion.hint(to, among: Self.formats)): must be peft or edora")
    }
  }

  func run() throws {
    var adapter = try AdapterFolder(path: ModelFolder(input).path)
    if to == "edora" {
      adapter = try adapter.originalEDoRA()
    } else if adapter.configuration.method is EDoRA {
      adapter = try adapter.foldedEDoRA()
    } else if let method = adapter.configuration.method as? LoRA,
      method.initialization.changesBase || method.magnitudeOnly != nil
    {
      adapter = try adapter.ordinaryLoRA()
    }
    try FolderReplacement.write(output, overwrite: overwrite) { try adapter.write(to: $0) }
    if speech.json {
      Console.print(["output": .string(output), "tensors": .int(adapter.tensors.count)])
    } else {
      Console.print("\(output): \(adapter.tensors.count) tensors")
    }
  }
}
