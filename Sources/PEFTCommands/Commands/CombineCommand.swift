import ArgumentParser
import FineTuning
import JSON
import Models
import NN
import PEFT
import Torch

/// Several adapters made into one.
struct CombineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "combine",
    abstract: "Make one adapter of several: sums, TIES, DARE, pruning.",
    discussion: """
      cat and svd (of enough rank) are exact; linear is quick and rough. ties, dare and magnitude_prune drop values;
      their forms that end in _svd do so in whole updates rather than in factors. The result is an ordinary LoRA.
      DoRA and other methods that depend on the base need --model and a kind that takes an svd.

      Example:
        peft combine --adapter one --adapter two --weights 0.7,0.3 --combination cat --output both
      """)

  @Option(help: "An adapter folder; give several.") var adapter: [String] = []
  @Option(parsing: .unconditional, help: .field(Combination.self, "weights")) var weights: String?
  @Option(help: .field(Combination.self, "combination")) var combination: String?
  @Option(help: .field(Combination.self, "density")) var density: Double?
  @Option(help: .field(Combination.self, "majority_sign_method")) var majoritySignMethod: String?
  @Option(help: .field(Combination.self, "rank")) var rank: Int?
  @Option(help: .field(Combination.self, "svd_clamp")) var svdClamp: Double?
  @Option(help: "The base model, for adapters whose update depends on it.") var model: String?
  @Option(help: "The folder to write.") var output: String
  @Flag(help: "Replace the folder if it is not empty.") var overwrite = false
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    if adapter.isEmpty { throw ValidationError("no --adapter: name the adapters to combine") }
  }

  func run() throws {
    let options = try options()
    let device = try engine.start()
    let sources = try AdapterSources(adapter, model: model, device: device).sources
    let combined = try combine(sources, options)
    try FolderReplacement.write(output, overwrite: overwrite) {
      try combined.write(to: $0)
      try ClassLabels.keep(from: adapter, beside: $0)
    }
    let layers = try AdapterInspection(combined).layers.count
    if speech.json {
      Console.print([
        "output": .string(output), "combination": .string(options.kind.rawValue), "layers": .int(layers),
        "rank": (combined.configuration.json["r"] ?? .null),
      ])
    } else {
      Console.print("\(output): \(adapter.count) adapters in \(layers) layers, \(options.kind.rawValue)")
    }
  }

  private func options() throws -> Combination {
    var values = FlagValues()
    values.set("combination", combination)
    values.set("density", density)
    values.set("majority_sign_method", majoritySignMethod)
    values.set("rank", rank)
    values.set("svd_clamp", svdClamp)
    values.set("seed", engine.seed.map { Int(clamping: $0) })
    if let weights {
      let numbers = weights.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      guard !numbers.contains(nil) else {
        throw Failure(
          .usage, "--weights is '\(weights)': must be numbers with commas between, such as 0.7,0.3")
      }
      values.set("weights", numbers.compactMap(\.self))
      guard numbers.count == adapter.count else {
        throw Failure(
          .usage, "--weights has \(numbers.count) numbers for \(adapter.count) adapters: give one for each")
      }
    }
    return try Combination(flags: values.object)
  }

  private func combine(_ sources: [AdapterSource], _ options: Combination) throws -> AdapterFolder {
    do {
      return try Combiner(options).combine(sources)
    } catch let error as AdapterError {
      // Adapters are counted; their folders say more.
      let text = adapter.indices.reversed().reduce("\(error)") { text, index in
        text.hasPrefix("adapter \(index + 1): ")
          ? text.dropFirst("adapter \(index + 1): ".count) + ", in \(adapter[index])" : text
      }
      throw AdapterError(text)
    }
  }
}
