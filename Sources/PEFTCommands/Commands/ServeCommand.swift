import ArgumentParser
import FineTuning
import Foundation
import JSON
import Models
import Serving
import Torch
import Training

/// A model and its adapters over HTTP.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve a model and its adapters over HTTP, with OpenAI's endpoints.",
    discussion: """
      GET /v1/models, /health; POST /v1/completions, /v1/chat/completions, /v1/embeddings,
      /v1/load_lora_adapter and /v1/unload_lora_adapter. Encoders answer /v1/embeddings only. A request's "model" is the base or an adapter. Ctrl-C lets the requests under way end.
      Whoever reaches the port can use it and load any adapter folder, unless --api-key is given: --host 0.0.0.0 opens
      it to the network.

      Example:
        peft serve --model Qwen2.5-0.5B --adapter mine=tuned --port 8000
      """)

  @OptionGroup var model: ModelFlags
  @Option(help: "The address to listen on.") var host = "127.0.0.1"
  @Option(help: "The port to listen on; 0 for any that is free.") var port = 8000
  @Option(help: "What requests call the base model (default: the name of its folder).")
  var servedModelName: String?
  @Option(
    help:
      "A key that requests must send as 'Authorization: Bearer KEY' (default: PEFT_API_KEY, which other users of the machine do not see); may be given several times."
  )
  var apiKey: [String] = []
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    if !(0...65_535).contains(port) { throw ValidationError("--port is \(port): must be from 0 to 65535") }
    for key in apiKey where key.isEmpty || !key.utf8.allSatisfy({ (33...126).contains($0) }) {
      throw ValidationError(
        "--api-key is empty, or has characters that no header carries: use letters and digits")
    }
  }

  func run() async throws {
    let device = try engine.start()
    let folder = try ModelFolder(model.model)
    guard let tokenizer = try folder.tokenizer() else {
      throw Failure(.badInput, "no tokenizer, \(model.model): put tokenizer.json beside config.json")
    }
    let tuned = try model.load(task: Self.task(folder), engine, device: device, speech)
    let adapters = zip(tuned.reports, model.adapter).map { (name: $0.name, path: Self.path($1)) }
    let name = servedModelName ?? URL(fileURLWithPath: model.model).lastPathComponent
    if adapters.contains(where: { $0.name == name }) {
      throw Failure(.usage, "an adapter is named '\(name)', as the model is: give it another name, NAME=DIR")
    }
    let server = try await Server(
      tuned, tokenizer: tokenizer, name: name, adapters: adapters, host: host, port: port,
      layout: SentenceLayout(folder), apiKeys: keys)
    let names = ([name] + adapters.map(\.name)).joined(separator: ", ")
    speech.note("serving \(names) on http://\(host):\(server.port)")
    if speech.json {
      Console.print(["host": .string(host), "port": .int(server.port), "model": .string(name)])
    }
    Interruption.listen()
    let watch = Task {
      while !Interruption.isRequested { try await Task.sleep(for: .milliseconds(100)) }
      speech.note("stopping once the requests under way are answered; again to stop at once")
      await server.stop()
    }
    defer { watch.cancel() }
    try await server.run()
  }

  /// Encoders give hidden states; everything else is asked to write.
  private static func task(_ folder: ModelFolder) throws -> ModelTask {
    let tasks = try PretrainedModel.tasks(of: ModelConfiguration(folder: folder.path))
    return !tasks.contains(.causalLM) && tasks.contains(.featureExtraction) ? .featureExtraction : .causalLM
  }

  private var keys: [String] {
    apiKey.isEmpty
      ? [ProcessInfo.processInfo.environment["PEFT_API_KEY"] ?? ""].filter { !$0.isEmpty } : apiKey
  }

  /// The folder of `NAME=DIR`.
  private static func path(_ adapter: String) -> String {
    adapter.split(separator: "=", maxSplits: 1).last.map(String.init) ?? adapter
  }
}
