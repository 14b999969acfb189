import Configuration
import NN
import Torch

/// Rows of embeddings that are trained beside a method's own adapters, and the layers that share those rows.
extension AdaptedModel {
  typealias Made = (layer: any AdaptableLayer, adapter: any LayerAdapter)

  /// Adapters for `trainable_token_indices`.
  ///
  /// - Parameter made: what is adapted already; a layer takes one adapter of a name.
  /// - Throws: ``AdapterError`` for modules that are not there, have no such rows, or are adapted already.
  func tokenRows(
    _ method: any AdapterMethod, beside made: [Made], _ context: InjectionContext
  ) throws -> [Made] {
    let wanted: [(name: String, tokens: [Int])]
    switch method.trainableTokens {
    case nil: return []
    case .inputEmbedding(let tokens):
      guard let embedding = store.layers.inputEmbedding else {
        throw AdapterError("trainable_token_indices: the model has no embedding: name a module")
      }
      wanted = [(embedding.name, tokens)]
    case .modules(let names, let lists): wanted = Array(zip(names, lists))
    }
    var rows: [Made] = []
    for (name, tokens) in wanted where !tokens.isEmpty {
      let layers = store.layers.filter { $0.name == name || $0.name.hasSuffix(".\(name)") }
      guard !layers.isEmpty else {
        let near = NearestName.find(name, among: store.layers.map(\.shortName))
        throw AdapterError(
          "trainable_token_indices: '\(name)' matches no layer"
            + (near.map { " (did you mean '\($0)'?)" } ?? ": name an embedding"))
      }
      for layer in layers {
        if made.contains(where: { $0.layer === layer }) { throw Self.adaptedTwice(layer) }
        let name = "token_adapter.trainable_tokens_delta"
        rows.append((layer, try TokenRows(tokens, of: layer, named: name, context)))
      }
    }
    for module in method.targeting.modulesToSave ?? [] {
      if let both = rows.first(where: { ModulesToSave.isInside($0.layer.name, module) }) {
        throw AdapterError(
          "trainable_token_indices and modules_to_save both name '\(both.layer.name)': take it out of one")
      }
    }
    return rows
  }

  /// Lets layers that share the table of an embedding with trained rows see those rows.
  ///
  /// Hugging Face PEFT writes the rows of the method `TRAINABLE_TOKENS` under the names of all these layers, but those
  /// of `trainable_token_indices` once. Different tokens for the two make two sets of rows.
  func tyingTokens(_ made: [Made], _ method: any AdapterMethod) throws -> [Made] {
    var made = made
    for (layer, adapter) in made {
      guard let rows = adapter as? TokenRows, case .embedding = layer.kind else { continue }
      let isSaved = method is TrainableTokens
      for twin in store.layers where twin !== layer && twin.untouchedWeight === layer.untouchedWeight {
        let shared = TokenRows(sharing: rows, isSaved: isSaved)
        guard let place = made.firstIndex(where: { $0.layer === twin }) else {
          made.append((twin, shared))
          continue
        }
        guard let other = made[place].adapter as? TokenRows else { throw Self.adaptedTwice(twin) }
        if other.tokens == rows.tokens {
          made[place].adapter = shared
        } else if method.ensuresWeightTying {
          throw AdapterError(
            "trainable_token_indices differ for '\(layer.name)' and '\(twin.name)', which share a table: "
              + "give the same, or leave ensure_weight_tying out")
        }
      }
    }
    return made
  }

  private static func adaptedTwice(_ layer: any AdaptableLayer) -> AdapterError {
    AdapterError(
      "target_modules matches '\(layer.name)', whose rows trainable_token_indices trains: exclude it")
  }
}

extension [any AdaptableLayer] {
  /// The embedding of tokens: the first that was built.
  var inputEmbedding: (any AdaptableLayer)? {
    first { if case .embedding = $0.kind { true } else { false } }
  }
}
