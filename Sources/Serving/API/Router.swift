import Foundation
import JSON
import NIOHTTP1

/// Which request is answered by what.
struct Router: HTTPHandler {
  let models: ServedModels
  let texts: TextEndpoints
  let embeddings: EmbeddingEndpoint

  func answer(_ request: HTTPRequest) async throws -> HTTPAnswer {
    switch request.path {
    case "/health", "/ping":
      try allow([.GET, .HEAD], request)
      return .json(.ok, ["status": "ok"])
    case "/v1/models":
      try allow([.GET, .HEAD], request)
      return .json(.ok, list)
    case let path where path.hasPrefix("/v1/models/"):
      try allow([.GET, .HEAD], request)
      let name = String(path.dropFirst("/v1/models/".count))
      return .json(.ok, card(try models.adapter(name.removingPercentEncoding ?? name)))
    case "/v1/completions":
      try allow([.POST], request)
      return try await texts.complete(request.body).answer()
    case "/v1/chat/completions":
      try allow([.POST], request)
      return try await texts.chat(request.body).answer()
    case "/v1/embeddings":
      try allow([.POST], request)
      return try await embeddings.answer(request.body)
    case "/v1/load_lora_adapter":
      try allow([.POST], request)
      let fields = try RequestFields(request.body)
      let (name, path) = (try fields.needed("lora_name"), try fields.needed("lora_path"))
      try await models.load(name, path: path)
      return .json(.ok, ["message": .string("adapter '\(name)' is loaded")])
    case "/v1/unload_lora_adapter":
      try allow([.POST], request)
      let name = try RequestFields(request.body).needed("lora_name")
      try await models.unload(name)
      return .json(.ok, ["message": .string("adapter '\(name)' is unloaded")])
    default:
      throw APIError(.notFound, "there is nothing at \(request.path): see GET /v1/models")
    }
  }

  private func allow(_ methods: [HTTPMethod], _ request: HTTPRequest) throws {
    guard methods.contains(request.method) else {
      let names = methods.map(\.rawValue).joined(separator: " or ")
      throw APIError(.methodNotAllowed, "\(request.method) \(request.path): use \(names)")
    }
  }

  private var list: JSONValue {
    ["object": "list", "data": .array([card(nil)] + models.all.map { card($0.name) })]
  }

  /// A model as the API lists it; adapters name their base and where they are from.
  private func card(_ adapter: String?) -> JSONValue {
    let path = models.all.first { $0.name == adapter }?.path
    return [
      "id": .string(adapter ?? models.base), "object": "model", "created": .int(started),
      "owned_by": "swift-peft", "root": .string(path ?? models.base),
      "parent": adapter == nil ? .null : .string(models.base),
    ]
  }
}

/// When the process began to serve.
private let started = Int(Date().timeIntervalSince1970)
