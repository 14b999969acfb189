import FineTuning
import Tokenizers

/// A language model or an encoder, and its adapters, behind an HTTP port, with the endpoints of OpenAI's API.
///
/// ```swift
/// let server = try await Server(tuned, tokenizer: tokenizer, name: "llama", adapters: [("mine", "my-adapter")])
/// print(server.port)
/// try await server.run()
/// ```
public final class Server: Sendable {
  private let engine: ServingEngine
  private let http: HTTPServer
  private let handler: any HTTPHandler

  /// Begins to listen; requests are answered from ``run()`` on.
  ///
  /// - Parameters:
  ///   - tuned: the model, to which nothing else may be done from now on.
  ///   - name: what requests call the base model.
  ///   - adapters: those that the model has been loaded with, and where from.
  ///   - layout: how texts become vectors.
  ///   - port: 0 for any that is free; see ``port``.
  ///   - apiKeys: of which requests must name one; empty to answer everybody. Empty keys are none.
  /// - Throws: ``ServingError`` for a model that is of neither kind, and an address that cannot be used.
  public init(
    _ tuned: sending AdaptedPretrainedModel, tokenizer: Tokenizer, name: String,
    adapters: [(name: String, path: String)] = [], host: String = "127.0.0.1", port: Int = 8000,
    layout: SentenceLayout = SentenceLayout(), apiKeys: [String] = []
  ) async throws {
    engine = try ServingEngine(tuned, tokenizer: tokenizer, layout: layout)
    let models = ServedModels(
      base: name, adapters: adapters.map { .init(name: $0.name, path: $0.path) }, engine: engine)
    let router = Router(
      models: models, texts: TextEndpoints(models: models, engine: engine, tokenizer: tokenizer),
      embeddings: EmbeddingEndpoint(models: models, engine: engine, tokenizer: tokenizer))
    let keys = apiKeys.filter { !$0.isEmpty }
    handler = keys.isEmpty ? router : KeyCheck(keys, before: router)
    http = try await HTTPServer(host: host, port: port)
  }

  /// The port it listens on.
  public var port: Int { http.port }

  /// Answers requests until ``stop(within:)``.
  public func run() async throws {
    engine.start()
    defer { engine.stop() }
    try await http.run(handler)
  }

  /// Takes no new requests, and lets those under way end within `time`.
  public func stop(within time: Duration = .seconds(30)) async { await http.stop(within: time) }
}
