import ArgumentParser
import FineTuning
import JSON
import PEFT
import Reports

/// A model with adapters as the library sees it.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show which adapters a model has once they are loaded, and in which layers.",
    discussion: """
      Loads the model and its adapters as every other command does: what does not fit shows here.

      Example:
        peft status --model Qwen2.5-0.5B --adapter german=my-german --adapter legal=my-legal
      """)

  @OptionGroup var model: ModelFlags
  @OptionGroup var task: TaskFlag
  @Flag(help: "List every layer.") var layers = false
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func run() throws {
    let tuned = try model.load(task: task.value(), engine, device: engine.start(), speech)
    let status = try tuned.adapters.status()
    if speech.json { return Console.print(.object(status.json)) }
    Console.print("base: \(Numerals.grouped(status.baseParameters)) parameters")
    var table = TextTable([
      .init("adapter"), .init("method"), .init("layers", .right), .init("parameters", .right),
      .init("active"),
      .init("merged"), .init("trainable"),
    ])
    for adapter in status.adapters {
      table.append([
        adapter.name, adapter.method, "\(adapter.layers)", Numerals.grouped(adapter.parameters),
        adapter.active.rawValue, adapter.merged.rawValue, adapter.trainable.rawValue,
      ])
    }
    Console.print(table.text(), terminator: "")
    guard layers else { return }
    var places = TextTable([.init("layer", maximumWidth: 80), .init("adapters")])
    for layer in status.layers {
      places.append([layer.name, layer.adapters.map { "\($0.name) (\($0.kind))" }.joined(separator: ", ")])
    }
    Console.print(places.text(), terminator: "")
  }
}
