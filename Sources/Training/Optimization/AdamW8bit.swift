import Foundation
import Torch

/// AdamW whose running means are kept in eight bits: a quarter of the state, at nearly the same trajectory.
///
/// Tensors of fewer than 4096 elements keep float32 means, as in the reference. A parameter of half precision is updated
/// through a float32 copy, as by ``AdamW``.
/// Source: Dettmers et al. 2022, "8-bit Optimizers via Block-wise Quantization".
final class AdamW8bit: ParameterOptimizer {
  static let smallest = 4096
  /// Elements that are widened to float32 at a time; whole blocks.
  private static let chunk = 1 << 22

  private struct Member {
    let name: String
    let parameter: Tensor
    let master: Tensor
    let rateScale, weightDecay: Double
    /// Codes (uint8 [n]) and scales of their blocks, of the mean of the gradients and of their squares.
    let first, second: (codes: Tensor, scales: Tensor)

    var hasMaster: Bool { master !== parameter }
  }

  private let members: [Member]
  private let small: AdamW
  private let betas: (Double, Double)
  private let epsilon: Double
  private let signed, unsigned: DynamicMap

  init(_ parameters: [TrainableParameter], options: TrainingOptions, device: Device) throws {
    betas = (options.beta1, options.beta2)
    epsilon = options.epsilon ?? options.optimizer.defaultEpsilon
    small = try AdamW(
      parameters.filter { $0.tensor.count < Self.smallest }, options: options, device: device)
    signed = try DynamicMap(signed: true, device: device)
    unsigned = try DynamicMap(signed: false, device: device)
    members = try parameters.filter { $0.tensor.count >= Self.smallest }.map { parameter in
      let tensor = parameter.tensor
      return Member(
        name: parameter.name, parameter: tensor,
        master: tensor.dtype.isReducedPrecision ? try tensor.detached().to(dtype: .float32).clone() : tensor,
        rateScale: parameter.learningRateScale, weightDecay: parameter.decays ? options.weightDecay : 0,
        first: try Self.zeros(like: tensor), second: try Self.zeros(like: tensor))
    }
  }

  func update(step: Int, rate: Double) throws {
    try small.update(step: step, rate: rate)
    try withoutGradients {
      for member in members {
        guard let gradient = member.parameter.grad else { continue }
        let (values, gradients) = (try member.master.detached().view([-1]), try gradient.reshaped([-1]))
        for start in stride(from: 0, to: values.count, by: Self.chunk) {
          let range = start..<min(start + Self.chunk, values.count)
          try update(
            member, values.slice(0, range), gradients.slice(0, range).to(dtype: .float32), range, step: step,
            rate: rate * member.rateScale)
        }
        if member.hasMaster { try member.parameter.copy_(member.master) }
      }
    }
  }

  private func update(
    _ member: Member, _ values: Tensor, _ gradient: Tensor, _ range: Range<Int>, step: Int, rate: Double
  ) throws {
    let blocks =
      range.lowerBound / DynamicMap.blockSize..<(range.upperBound + DynamicMap.blockSize - 1)
      / DynamicMap.blockSize
    func part(_ state: (codes: Tensor, scales: Tensor)) throws -> (codes: Tensor, scales: Tensor) {
      (try state.codes.slice(0, range), try state.scales.slice(0, blocks))
    }
    let (first, second) = (try part(member.first), try part(member.second))
    let mean = try signed.read(first.codes, first.scales).mul_(betas.0).add_(gradient, scale: 1 - betas.0)
    let square = try unsigned.read(second.codes, second.scales).mul_(betas.1).add_(
      gradient.square(), scale: 1 - betas.1)
    try signed.write(mean, first.codes, first.scales)
    try unsigned.write(square, second.codes, second.scales)
    let corrections = (1 - pow(betas.0, Double(step)), (1 - pow(betas.1, Double(step))).squareRoot())
    let divisor = try square.sqrt().mul_(1 / corrections.1) + epsilon
    try values.mul_(1 - rate * member.weightDecay).add_(mean.div_(divisor), scale: -rate / corrections.0)
  }

  var state: [String: Tensor] {
    var state = small.state
    for member in members {
      state["parameter.\(member.name)"] = member.master
      state["exp_avg.\(member.name)"] = member.first.codes
      state["exp_avg_scales.\(member.name)"] = member.first.scales
      state["exp_avg_sq.\(member.name)"] = member.second.codes
      state["exp_avg_sq_scales.\(member.name)"] = member.second.scales
    }
    return state
  }

  func restore(_ saved: [String: Tensor]) throws {
    try small.restore(saved)
    try withoutGradients {
      for (name, tensor) in state {
        if let value = saved[name] { try tensor.copy_(value) }
      }
      for member in members where member.hasMaster { try member.parameter.copy_(member.master) }
    }
  }

  private static func zeros(like tensor: Tensor) throws -> (codes: Tensor, scales: Tensor) {
    let blocks = (tensor.count + DynamicMap.blockSize - 1) / DynamicMap.blockSize
    return (
      try .zeros([tensor.count], dtype: .uint8, device: tensor.device),
      try .zeros([blocks], device: tensor.device)
    )
  }
}
