import Torch

/// AdamW over every trainable parameter: libtorch's fused kernel, state allocated once.
///
/// A parameter of half precision is updated through a float32 copy that it is then rounded from, so that updates
/// smaller than its spacing add up instead of being lost.
///
/// Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization"; values as `torch.optim.AdamW`.
final class AdamW: ParameterOptimizer {
  /// Parameters that share a learning rate and a weight decay.
  private struct Group {
    let rateScale, weightDecay: Double
    let members: [Member]
  }

  private struct Member {
    let name: String
    let parameter: Tensor
    /// What the update is applied to: the parameter itself, or its float32 copy.
    let master: Tensor
    let first, second: Tensor

    var hasMaster: Bool { master !== parameter }
  }

  private let groups: [Group]
  private let betas: (Double, Double)
  private let epsilon: (Int) -> Double
  /// Updates done, as the kernel wants it: a float32 scalar on the device.
  private let count: Tensor

  init(_ parameters: [TrainableParameter], options: TrainingOptions, device: Device) throws {
    betas = (options.beta1, options.beta2)
    let (kind, beta2) = (options.optimizer, options.beta2)
    let base = options.epsilon ?? kind.defaultEpsilon
    epsilon = { kind.epsilon(base, update: $0, beta2: beta2) }
    count = try Tensor.zeros([], device: device)
    let members = try parameters.map { parameter in
      let tensor = parameter.tensor
      let master =
        tensor.dtype.isReducedPrecision ? try tensor.detached().to(dtype: .float32).clone() : tensor
      return Member(
        name: parameter.name, parameter: tensor, master: master, first: try Self.zeros(like: master),
        second: try Self.zeros(like: master))
    }
    var (keys, sorted) = ([[Double]](), [[Member]]())
    for (parameter, member) in zip(parameters, members) {
      let key = [parameter.learningRateScale, parameter.decays ? options.weightDecay : 0]
      if let index = keys.firstIndex(of: key) {
        sorted[index].append(member)
      } else {
        keys.append(key)
        sorted.append([member])
      }
    }
    groups = zip(keys, sorted).map { Group(rateScale: $0[0], weightDecay: $0[1], members: $1) }
  }

  private static func zeros(like tensor: Tensor) throws -> Tensor {
    try .zeros(tensor.shape, dtype: tensor.dtype, device: tensor.device)
  }

  func update(step: Int, rate: Double) throws {
    try withoutGradients {
      try count.fill_(Double(step))
      for group in groups {
        let active = group.members.compactMap { member in member.parameter.grad.map { (member, $0) } }
        guard !active.isEmpty else { continue }
        let gradients = try active.map { member, gradient in
          member.hasMaster ? try gradient.to(dtype: .float32) : gradient
        }
        try Tensor.adamW_(
          active.map { $0.0.master }, gradients: gradients, first: active.map { $0.0.first },
          second: active.map { $0.0.second }, steps: Array(repeating: count, count: active.count),
          rate: rate * group.rateScale, betas: betas, weightDecay: group.weightDecay, eps: epsilon(step))
        let rounded = active.filter(\.0.hasMaster)
        if !rounded.isEmpty {
          try Tensor.copy_(rounded.map { $0.0.master }, into: rounded.map { $0.0.parameter })
        }
      }
    }
  }

  var state: [String: Tensor] {
    var state: [String: Tensor] = [:]
    for member in groups.flatMap(\.members) {
      state["parameter.\(member.name)"] = member.master
      state["exp_avg.\(member.name)"] = member.first
      state["exp_avg_sq.\(member.name)"] = member.second
    }
    return state
  }

  func restore(_ saved: [String: Tensor]) throws {
    try withoutGradients {
      for (name, tensor) in state {
        guard let value = saved[name] else { continue }
        try tensor.copy_(value)
      }
      for member in groups.flatMap(\.members) where member.hasMaster {
        try member.parameter.copy_(member.master)
      }
    }
  }
}
