import Configuration
import NN

/// What adding an adapter did.
public struct InjectionReport: Sendable {
  /// Paths of the adapted layers.
  public internal(set) var adapted: [String] = []
  /// Paths of the layers that are trained whole.
  public internal(set) var saved: [String] = []
  /// What was probably not meant, a line each.
  public internal(set) var warnings: [String] = []
}

/// Finds the layers that a configuration means, and says what it finds wrong.
struct TargetFinder {
  let layers: [any AdaptableLayer]
  let traits: ModelTraits

  /// The selection with its shorthand for all linear layers resolved.
  func resolve(_ selection: ModuleSelection?) throws -> ModuleSelection {
    guard let selection else {
      throw AdapterError(
        "target_modules is not set, and there is no usual choice for '\(traits.modelType)': name them")
    }
    guard selection.isAllLinear else { return selection }
    let excluded = traits.outputEmbeddings + traits.heads
    return names(
      of: layers.filter { layer in
        switch layer.kind {
        case .linear, .transposedLinear: !excluded.contains { ModulesToSave.isInside(layer.name, $0) }
        default: false
        }
      })
  }

  /// Exactly `chosen`, by names as short as Hugging Face PEFT makes them.
  func names(of chosen: [any AdaptableLayer]) -> ModuleSelection {
    let names = chosen.map(\.name)
    return .names(names.count < 20 ? names : NameCondenser.condense(names, others: modulePaths))
  }

  /// Every layer and everything that contains one.
  private var modulePaths: Set<String> {
    var paths: Set<String> = []
    for layer in layers {
      let parts = layer.name.split(separator: ".")
      for end in parts.indices { paths.insert(parts[...end].joined(separator: ".")) }
    }
    return paths
  }

  /// The layers to adapt, with warnings about names that match nothing.
  ///
  /// - Throws: ``AdapterError`` when nothing matches, or something that cannot be adapted.
  func targets(
    of method: any AdapterMethod, among selection: ModuleSelection, field: String = "target_modules"
  ) throws -> (layers: [any AdaptableLayer], warnings: [String]) {
    let targeting = method.targeting
    let known = Set(layers.map(\.name))
    for path in modulePaths.subtracting(known).sorted()
    where try targeting.verdict(path, among: selection) == .matched {
      throw AdapterError(
        "\(field) matches '\(path)', which contains layers and is none: name the layers in it")
    }
    let matched = try layers.filter { try targeting.verdict($0.name, among: selection) == .matched }
    if let wrong = matched.first(where: { !method.supports($0.kind) }) {
      throw AdapterError(
        "\(field) matches '\(wrong.name)', a layer that this method cannot adapt: exclude it")
    }
    guard !matched.isEmpty else { throw nothingMatches(selection, targeting, field) }
    return (matched, misses(of: selection, field))
  }

  private func misses(of selection: ModuleSelection, _ field: String) -> [String] {
    guard case .names(let names) = selection else { return [] }
    return names.filter { name in !layers.contains { $0.name == name || $0.name.hasSuffix(".\(name)") } }.map
    { name in
      "\(field): '\(name)' matches no layer\(Self.hint(name, shortNames))"
    }
  }

  private var shortNames: [String] { Set(layers.map(\.shortName)).sorted() }

  private static func hint(_ name: String, _ candidates: [String]) -> String {
    NearestName.find(name, among: candidates).map { " (did you mean '\($0)'?)" } ?? ""
  }

  private func nothingMatches(_ selection: ModuleSelection, _ targeting: Targeting, _ field: String)
    -> AdapterError
  {
    let candidates = shortNames
    let asked: String
    switch selection {
    case .names(let names):
      asked = names.map { "'\($0)'" + Self.hint($0, candidates) }.joined(separator: ", ")
    case .pattern(let text): asked = "'\(text)'"
    }
    let narrowed = targeting.excluded != nil || targeting.layers != nil || targeting.modulesToSave != nil
    let cause = narrowed ? " (after exclude_modules, modules_to_save and layers_to_transform)" : ""
    return AdapterError(
      "\(field) \(asked) matches no layer\(cause): use names such as \(candidates.joined(separator: ", "))"
    )
  }
}
