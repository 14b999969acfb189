import Configuration
import NN

/// Parameters that are adapted by their own names (`target_parameters`), and where their tensors are kept.
extension TargetFinder {
  /// The layers whose weights a method names, in the order of the model, with warnings.
  ///
  /// A name is a whole path, or its end after a dot. The weight of a linear layer is adapted as the layer is.
  /// - Throws: ``AdapterError`` when no name matches, or one that cannot be adapted.
  func parameters(
    of method: any AdapterMethod, among all: [any AdaptableLayer]
  ) throws -> (layers: [any AdaptableLayer], warnings: [String]) {
    func matches(_ layer: any AdaptableLayer, _ name: String) -> Bool {
      layer.weightName == name || layer.weightName.hasSuffix(".\(name)")
    }
    let names = method.targetParameters
    let found = all.filter { layer in names.contains { matches(layer, $0) } }
    if let wrong = found.first(where: { !$0.isParameter && !$0.isLinear }) {
      throw AdapterError(
        "target_parameters matches '\(wrong.weightName)', which is no matrix for linear maps: leave it out")
    }
    let candidates = all.filter { $0.isParameter || $0.isLinear }.map(\.weightName)
    let misses = names.filter { name in !found.contains { matches($0, name) } }.map { name in
      let ends = Set(candidates.map { String($0.split(separator: ".").last ?? "") }).sorted()
      let near = NearestName.find(name.split(separator: ".").last.map(String.init) ?? name, among: ends)
      return "target_parameters: '\(name)' matches no parameter"
        + (near.map { " (did you mean '\($0)'?)" } ?? "")
    }
    guard !found.isEmpty || names.isEmpty else { throw AdapterError("\(misses[0]): name a parameter") }
    return (found, misses)
  }
}

/// An adapter whose tensors are kept under a path that depends on what else is adapted.
protocol PlacedAdapter: LayerAdapter {
  var place: String? { get set }
}

extension AdaptedModel {
  /// Puts tensors where Hugging Face PEFT keeps them: it wraps modules in one another, and each wrapping adds
  /// `.base_layer` to the paths of what it wraps. The first parameter of a module is wrapped by those that follow, the
  /// output projection of a fused attention by the attention.
  static func place(_ made: [Made]) {
    for outer in made {
      for inner in outer.layer.inner {
        guard let found = made.first(where: { $0.layer === inner })?.adapter as? any PlacedAdapter else {
          continue
        }
        found.place = "\(outer.layer.name).base_layer" + inner.name.dropFirst(outer.layer.name.count)
      }
    }
    let parameters = made.filter(\.layer.isParameter).map { entry in
      (
        module: entry.layer.name.split(separator: ".").dropLast().joined(separator: "."),
        adapter: entry.adapter
      )
    }
    for (index, entry) in parameters.enumerated() {
      let later = parameters[(index + 1)...].count { $0.module == entry.module }
      let wrapped = Array(repeating: "base_layer", count: later)
      (entry.adapter as? any PlacedAdapter)?.place = ([entry.module] + wrapped).joined(separator: ".")
    }
  }
}

extension AdaptableLayer {
  /// Whether it is a parameter that is no layer by itself.
  var isParameter: Bool { if case .parameter = kind { true } else { false } }
}
