import Configuration
import JSON
import NN
import Torch

/// Makes one ordinary LoRA of several adapters, layer by layer.
///
/// Every layer's own scale counts (rsLoRA, rank and alpha patterns) and is inside the result's factors, whose scale is
/// one. Hugging Face PEFT keeps the first adapter's `use_rslora` and initialization, which changes the outputs.
public struct Combiner {
  private let combination: Combination
  private let arithmetic: TaskArithmetic

  /// - Throws: ``ConfigurationError`` for options that do not go together.
  public init(_ combination: Combination) throws {
    try combination.validate()
    self.combination = combination
    arithmetic = try TaskArithmetic(combination)
  }

  /// The combined adapter.
  ///
  /// - Throws: ``AdapterError`` naming the adapter (counted from one) or layer that cannot be combined.
  public func combine(_ sources: [AdapterSource]) throws -> AdapterFolder {
    guard let first = sources.first?.folder.configuration else {
      throw AdapterError("there are no adapters to combine: name some")
    }
    try requireOneKind(sources.map(\.folder.configuration.method))
    let weights = try combination.weights(for: sources.count)
    var tasks: [String: [LayerTask]] = [:]
    var rest: [String: Tensor] = [:]
    for (index, source) in sources.enumerated() {
      do {
        if source.deltas != nil, !combination.kind.factorsAgain {
          throw AdapterError(
            "\(combination.kind.rawValue) sums factors, and this method is more than its factors: use svd or a "
              + "kind that ends in _svd")
        }
        let (found, others) = try source.tasks(weight: weights[index])
        try add(others, to: &rest)
        for task in found {
          tasks[task.shape.layer, default: []].append(task)
        }
      } catch let error as AdapterError {
        throw AdapterError("adapter \(index + 1): \(error)")
      }
    }
    let layers = tasks.keys.sorted(by: NaturalOrder.isBefore)
    let updates = try withoutGradients { try layers.map { try update(tasks[$0] ?? []) } }
    let selections = sources.map { TargetedLayers($0.folder.configuration.method) }
    let isSame = selections.allSatisfy { $0 == selections[0] }
    return try OrdinaryLoRA.folder(
      updates, like: first, keepsTargets: isSame && tasks.values.allSatisfy { $0.count == sources.count },
      rest: rest, modulesToSave: modulesToSave(sources))
  }

  /// Sums are of adapters that act on the same tokens, in models of the same layers.
  private func requireOneKind(_ methods: [any AdapterMethod]) throws {
    for field in ["alora_invocation_tokens", "layer_replication"] {
      let values = methods.map { method -> JSONValue in
        let value = method.json[field] ?? .null
        return value.arrayValue?.isEmpty == true ? .null : value
      }
      guard let other = values.firstIndex(where: { $0 != values[0] }) else { continue }
      throw AdapterError(
        "adapter \(other + 1): \(field) is \(values[other].serialized()), and that of the first \(values[0].serialized()): "
          + "combine adapters with the same")
    }
  }

  /// Modules trained whole have no sum: one adapter may bring them.
  private func add(_ others: [String: Tensor], to rest: inout [String: Tensor]) throws {
    for (key, tensor) in others {
      // A copy of the base's own table is the same in all.
      guard rest.updateValue(tensor, forKey: key) == nil || key.hasSuffix(".base_layer.weight") else {
        throw AdapterError(
          "\(key) is in more than one adapter, and only updates can be combined: leave it out of all but one")
      }
    }
  }

  private func modulesToSave(_ sources: [AdapterSource]) -> [String]? {
    let names = Set(sources.flatMap { $0.folder.configuration.method.targeting.modulesToSave ?? [] })
    return names.isEmpty ? nil : names.sorted()
  }

  private func update(_ tasks: [LayerTask]) throws -> LayerUpdate {
    let shape = tasks[0].shape
    guard tasks.allSatisfy({ $0.shape == shape }) else {
      throw AdapterError("\(shape.layer) has another shape in each adapter: combine adapters of one base")
    }
    let parts = try tasks.map { try $0.parts() }
    let pairs = try (0..<shape.groups).map { group in try combined(tasks, parts.map { $0[group] }) }
    let biases = try tasks.compactMap { task in try task.bias().map { (bias: $0, weight: task.weight) } }
    let bias =
      biases.isEmpty ? nil : try arithmetic.sum(biases.map(\.bias), weights: biases.map(\.weight))
    return try shape.update(pairs, bias: bias, dtype: tasks[0].dtype)
  }

  private func combined(_ tasks: [LayerTask], _ parts: [LayerTask.Part]) throws -> FactorPair {
    let weights = tasks.map(\.weight)
    guard combination.kind.factorsAgain else {
      let pairs = parts.compactMap(\.pair)
      return combination.kind == .cat ? try beside(pairs, tasks) : try summed(pairs, tasks)
    }
    guard let rank = combination.rank ?? tasks.compactMap(\.rank).max() else {
      throw ConfigurationError(
        "rank", value: "missing", rule: "the adapters have no rank of their own; give one")
    }
    let truncation = Truncation.rank(rank)
    if combination.kind == .svd, combination.clamp == nil, parts.allSatisfy({ $0.pair != nil }) {
      return try truncation.factors(of: beside(parts.compactMap(\.pair), tasks))
    }
    let matrices = try zip(tasks, parts).map { try $1.matrix(scale: $0.scale) }
    return try clamped(truncation.factors(of: arithmetic.sum(matrices, weights: weights)))
  }

  /// All factors as one pair, weights and scales in A.
  private func beside(_ pairs: [FactorPair], _ tasks: [LayerTask]) throws -> FactorPair {
    try FactorPair(
      a: .cat(zip(pairs, tasks).map { try $0.a * ($1.weight * $1.scale) }), b: .cat(pairs.map(\.b), dim: 1))
  }

  /// Sums of A and of B, each with the root of the weights; a negative sign goes to A.
  private func summed(_ pairs: [FactorPair], _ tasks: [LayerTask]) throws -> FactorPair {
    guard Set(pairs.map { $0.a.shape[0] }).count == 1 else {
      throw AdapterError(
        "\(tasks[0].shape.layer) has another rank in each adapter, and \(combination.kind.rawValue) needs one: "
          + "use cat, or a kind that takes an svd")
    }
    let factors = tasks.map { $0.weight * $0.scale }
    let roots = factors.map { abs($0).squareRoot() }
    return try FactorPair(
      a: arithmetic.sum(pairs.map(\.a), weights: zip(roots, factors).map { $1 < 0 ? -$0 : $0 }),
      b: arithmetic.sum(pairs.map(\.b), weights: roots))
  }

  /// Both factors limited to a quantile of all their values, as Hugging Face PEFT does.
  private func clamped(_ pair: FactorPair) throws -> FactorPair {
    guard let clamp = combination.clamp else { return pair }
    let limit = try Tensor.cat([pair.b.flattened(), pair.a.flattened()]).quantile(clamp)
    return try FactorPair(
      a: pair.a.clamped(min: -limit, max: limit), b: pair.b.clamped(min: -limit, max: limit))
  }
}

/// Which layers a configuration means, to be compared.
private struct TargetedLayers: Equatable {
  private let fields: [JSONValue?]

  init(_ method: any AdapterMethod) {
    fields = ["target_modules", "exclude_modules", "layers_to_transform", "layers_pattern"].map {
      method.json[$0]
    }
  }
}
