import FineTuning
import JSON
import Models
import NIOConcurrencyHelpers
import NIOHTTP1
import PEFT

/// The names that requests can ask for: the base model and its adapters.
final class ServedModels: Sendable {
  struct Adapter: Sendable {
    let name, path: String
  }

  let base: String
  private let engine: ServingEngine
  private let adapters: NIOLockedValueBox<[Adapter]>

  init(base: String, adapters: [Adapter], engine: ServingEngine) {
    (self.base, self.engine) = (base, engine)
    self.adapters = NIOLockedValueBox(adapters)
  }

  var all: [Adapter] { adapters.withLockedValue(\.self) }

  /// The adapter of a request's model; nil for the base, which is also meant by no name.
  ///
  /// - Throws: ``APIError`` for a name that is not served.
  func adapter(_ model: String?) throws -> String? {
    guard let model, model != base else { return nil }
    let names = all.map(\.name)
    guard names.contains(model) else {
      let known = ([base] + names).joined(separator: ", ")
      throw APIError(
        .notFound, "model '\(model)' is not served: ask for one of \(known)", field: "model",
        code: "model_not_found")
    }
    return model
  }

  /// - Throws: ``APIError`` when the name is taken, or what is wrong with the folder.
  func load(_ name: String, path: String) async throws {
    guard name != base, !all.contains(where: { $0.name == name }) else {
      throw APIError(
        .badRequest, "there is a model '\(name)' already: unload it, or choose another name",
        field: "lora_name")
    }
    try await engine.perform { tuned in
      let folder = try AdapterFolder(path: ModelFolder(path).path)
      try tuned.adapters.load(folder, named: name)
    }
    adapters.withLockedValue { $0.append(Adapter(name: name, path: path)) }
  }

  /// Takes an adapter out once the texts that are under way with it have ended; new ones are refused at once.
  ///
  /// - Throws: ``APIError`` for a name that is not served.
  func unload(_ name: String) async throws {
    let wasThere = adapters.withLockedValue { adapters in
      let count = adapters.count
      adapters.removeAll { $0.name == name }
      return adapters.count < count
    }
    guard wasThere else {
      throw APIError(.notFound, "there is no adapter '\(name)'", field: "lora_name", code: "model_not_found")
    }
    while try await engine.perform({ [engine] tuned in
      if engine.isUsed(name) { return true }
      try tuned.adapters.delete(name)
      return false
    }) { try await Task.sleep(for: .milliseconds(20)) }
  }
}
