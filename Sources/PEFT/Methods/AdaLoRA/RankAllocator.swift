import Configuration
import JSON
import NN
import Torch

/// Decides which triplets of all layers to keep as the budget falls.
///
/// Importance of an element is the product of its smoothed sensitivity |p grad| and the smoothed deviation from it;
/// that of a triplet is E's plus the means over its row of A and its column of B. The least important go.
///
/// Source: Zhang et al. 2023, section 3.2 and algorithm 1; step for step as PEFT 0.21's `RankAllocator`, except that a
/// budget equal to the initial one (its kthvalue of 0 fails) masks nothing.
final class RankAllocator: TrainingHook {
  private let method: AdaLoRA
  private let layers: [(name: String, adapter: AdaLoRALinear)]
  private var sensitivity: [String: Tensor] = [:]
  private var uncertainty: [String: Tensor] = [:]
  /// The last allocation: 1 for triplets that are kept.
  private(set) var masks: [String: Tensor] = [:]
  /// Whether the final allocation has been made, so that pruned triplets stay at zero.
  private(set) var isFinal = false
  private(set) var threshold: Double?
  /// The length of the training, as far as it is known; PEFT loads no configuration without it.
  private var totalSteps: Int?

  init(_ method: AdaLoRA, _ layers: [(name: String, adapter: AdaLoRALinear)]) {
    (self.method, self.layers) = (method, layers)
    totalSteps = method.totalSteps
  }

  private var initialBudget: Int { layers.reduce(0) { $0 + $1.adapter.e.tensor.shape[0] } }

  func regularization() throws -> Tensor? {
    guard method.regularization > 0 else { return nil }
    let terms = try layers.filter { $0.adapter.e.tensor.requiresGrad }.map { try $0.adapter.orthogonality() }
    guard let first = terms.first else { return nil }
    let sum = try terms.dropFirst().reduce(first) { try $0 + $1 }
    return try sum * (method.regularization / Double(2 * terms.count))
  }

  func afterUpdate(step: Int, totalSteps: Int) throws {
    let total = method.totalSteps ?? totalSteps
    self.totalSteps = total
    try withoutGradients {
      let last = total - method.cooldown
      if step < last {
        try measure()
        if schedule(step, last).allocates {
          try allocate(schedule(step, last).budget)
        } else if method.holdsMasked {
          try applyMasks()
        }
      } else if !isFinal {
        // The final step itself, or the first one after it when it was missed.
        if sensitivity.isEmpty { try measure() }
        try allocate(layers.count * method.targetRank)
        isFinal = true
        (sensitivity, uncertainty) = ([:], [:])
      } else {
        try applyMasks()
      }
    }
  }

  /// The budget at a step before the last allocation, and whether triplets are masked to it.
  func schedule(_ step: Int, _ last: Int) -> (budget: Int, allocates: Bool) {
    guard step > method.warmup else { return (initialBudget, false) }
    let (from, to) = (Double(initialBudget), Double(layers.count * method.targetRank))
    let left = 1 - Double(step - method.warmup) / Double(last - method.warmup)
    return (Int((from - to) * (left * left * left) + to), step % method.interval == 0)
  }

  private func measure() throws {
    for (name, adapter) in layers {
      for parameter in adapter.triplets {
        // A layer that a batch did not reach has no gradient: its importance only fades.
        let product =
          try parameter.tensor.grad.map { try (parameter.tensor * $0).abs() } ?? parameter.tensor.zerosLike()
        let key = "\(name).\(parameter.name)"
        let smooth = try Self.blend(sensitivity[key], product, method.sensitivityDecay)
        sensitivity[key] = smooth
        uncertainty[key] = try Self.blend(uncertainty[key], (product - smooth).abs(), method.uncertaintyDecay)
      }
    }
  }

  private static func blend(_ old: Tensor?, _ new: Tensor, _ decay: Double) throws -> Tensor {
    let fresh = try new * (1 - decay)
    return try old.map { try $0 * decay + fresh } ?? fresh
  }

  private func score(_ name: String, _ parameter: AdapterParameter) throws -> Tensor {
    let key = "\(name).\(parameter.name)"
    guard let sensitivity = sensitivity[key], let uncertainty = uncertainty[key] else {
      return try parameter.tensor.zerosLike()
    }
    return try sensitivity * uncertainty
  }

  private func allocate(_ budget: Int) throws {
    let scores = try layers.map { name, adapter in
      let rows = try score(name, adapter.a).mean([1])
      let columns = try score(name, adapter.b).mean([0])
      return try score(name, adapter.e).flattened() + (rows + columns)
    }
    let dropped = initialBudget - budget
    threshold = try dropped > 0 ? Tensor.cat(scores).kthValue(dropped).item() : nil
    for (layer, score) in zip(layers, scores) {
      let kept =
        try threshold.map { try score.greater($0) }
        ?? Tensor.ones(score.shape, dtype: .bool, device: score.device)
      masks[layer.name] = kept
    }
    try applyMasks()
  }

  private func applyMasks() throws {
    for (name, adapter) in layers {
      guard let kept = masks[name] else { continue }
      try adapter.e.tensor.maskedFill_(kept.logicalNot().unsqueezed(1), 0)
    }
  }
}

extension RankAllocator {
  var state: [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (key, value) in sensitivity { tensors["sensitivity.\(key)"] = value }
    for (key, value) in uncertainty { tensors["uncertainty.\(key)"] = value }
    for (key, value) in masks { tensors["mask.\(key)"] = value }
    tensors["final"] = try? Tensor([isFinal])
    return tensors
  }

  func restore(_ state: [String: Tensor]) throws {
    (sensitivity, uncertainty, masks, isFinal) = ([:], [:], [:], false)
    for (key, value) in state {
      let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
      switch parts.first {
      case "sensitivity": sensitivity[parts[1]] = value
      case "uncertainty": uncertainty[parts[1]] = value
      case "mask": masks[parts[1]] = value
      case "final": isFinal = try value.item(of: Bool.self)
      default: throw AdapterError("'\(key)' is not part of a rank allocator's state")
      }
    }
  }

  /// The rank of every layer now: `{"ranks": {PATH: k}}`.
  var trace: JSONValue? {
    let ranks = layers.map { name, adapter in
      let kept = (try? masks[name]?.sum().item(of: Int.self)) ?? adapter.e.tensor.shape[0]
      return (name, JSONValue.int(kept))
    }
    return ["ranks": .object(JSONObject(ranks))]
  }
}

extension RankAllocator: AdapterSaving {
  /// After the last allocation the pruned triplets are left out and `rank_pattern` says which; before it everything
  /// is live and everything is written.
  func prepare(_ method: any AdapterMethod, _ tensors: [String: Tensor]) throws -> (
    any AdapterMethod, [String: Tensor]
  ) {
    guard var method = method as? AdaLoRA else { return (method, tensors) }
    method.totalSteps = totalSteps
    guard isFinal else { return (method, tensors) }
    var tensors = tensors
    method.keptTriplets = try layers.map { name, _ in
      ("\(name).lora_E", try masks[name]?.array(of: Bool.self) ?? [])
    }
    for (name, adapter) in layers {
      guard let mask = masks[name] else { continue }
      let kept = try mask.nonzero().flattened()
      for parameter in adapter.triplets {
        let key = AdaptedModel.key(name, parameter.name)
        tensors[key] = try tensors[key]?.indexSelect(parameter === adapter.b ? 1 : 0, kept)
      }
    }
    return (method, tensors)
  }
}
