import Configuration
import NN
import Torch

/// Weakens what a LoRA added in directions that its base does not have, so that the model forgets less.
///
/// The leading left singular vectors of W + s B A that are like none of W's are intruders; their part is multiplied by
/// a factor, and the update factored again.
///
/// Source: Shuttleworth et al. 2024, "LoRA vs Full Fine-tuning: An Illusion of Equivalence", section 5; options as
/// Hugging Face PEFT's `reduce_intruder_dimension`.
public struct IntruderReduction: Configuration {
  public var leading = 10
  public var threshold = 0.5
  public var factor = 0.75

  public init() {}

  public static let fields: [Field<IntruderReduction>] = [
    Field("top_k", \.leading, "how many leading directions to examine"),
    Field("threshold_epsilon", \.threshold, "directions less like the base's than this are intruders"),
    Field("mitigation_lambda", \.factor, "what intruders are multiplied by: 1 keeps them, 0 removes them"),
  ]

  public func validate() throws {
    guard leading > 0 else { throw ConfigurationError("top_k", value: leading, rule: "must be at least 1") }
    guard (0...1).contains(threshold) else {
      throw ConfigurationError("threshold_epsilon", value: threshold, rule: "must be from 0 to 1")
    }
    guard (0...1).contains(factor) else {
      throw ConfigurationError("mitigation_lambda", value: factor, rule: "must be from 0 to 1")
    }
  }

  /// `update` on the weight [out, in] with its intruders weakened, and how many there were.
  func reduced(_ update: LayerUpdate, on weight: Tensor) throws -> (update: LayerUpdate, intruders: Int) {
    let delta = try update.delta()
    let (base, merged) = (try weight.svd(), try (weight + delta).svd())
    let likeness = try merged.u.t().mm(base.u).abs().amax([1])
    let count = min(leading, likeness.count)
    let found = try likeness.slice(0, 0..<count).less(threshold).nonzero().flattened()
    guard found.count > 0 else { return (update, 0) }
    let left = try merged.u.indexSelect(1, found) * merged.s.indexSelect(0, found)
    let part = try left.mm(merged.vh.indexSelect(0, found))
    let wanted = try delta.adding(part, scale: factor - 1) / update.scale
    let pairs = try wanted.chunked(update.groups).map { block in
      let parts = try block.svd()
      let rank = min(update.rank / update.groups, parts.s.count)
      let roots = try parts.s.slice(0, 0..<rank).sqrt()
      return FactorPair(
        a: try (parts.vh.slice(0, 0..<rank) * roots.unsqueezed(1)).padded([
          0, 0, 0, update.rank / update.groups - rank,
        ]),
        b: try (parts.u.slice(1, 0..<rank) * roots).padded([0, update.rank / update.groups - rank]))
    }
    var result = try update.shape.update(pairs, bias: update.bias, dtype: update.a.dtype)
    result.scale = update.scale
    return (result, found.count)
  }
}

extension AdaptedModel {
  /// A LoRA of this model with its intruder dimensions weakened; rank and scale stay.
  ///
  /// - Returns: the adapter, and the number of intruders by layer.
  /// - Throws: ``AdapterError`` for methods that are no plain low-rank update.
  public func reducingIntruders(
    of name: String = "default", _ options: IntruderReduction = IntruderReduction()
  ) throws -> (adapter: AdapterFolder, intruders: [(layer: String, count: Int)]) {
    try options.validate()
    var folder = try folder(of: name)
    guard folder.configuration.method is LoRA else {
      throw AdapterError(
        "only a LoRA's intruders can be reduced: convert the adapter to an ordinary LoRA first")
    }
    var counts: [(String, Int)] = []
    try withoutGradients {
      let updates = try folder.updates().updates
      let names = Set(updates.map(\.layer))
      for update in updates {
        guard let layer = store.layer(named: update.layer), update.scale != 0 else { continue }
        let weight = try layer.matrix(layer.untouchedWeight.dense(.float32))
        let (result, count) = try options.reduced(update, on: weight)
        counts.append((update.layer, count))
        guard count > 0 else { continue }
        folder.tensors.merge(try OrdinaryLoRA.tensors(of: [result], among: names)) { $1 }
      }
    }
    return (folder, counts)
  }
}
