import Configuration
import JSON
import NN
import Torch

/// The leading singular part of the weight as the update, taken off the base: A = sqrt(S/s) V^T, B = U sqrt(S/s).
///
/// `pissa` decomposes exactly; `pissa_niter_N` by random projection with N power iterations.
/// Source: Meng et al. 2024, "PiSSA: Principal Singular Values and Singular Vectors Adaptation", section 3.
struct PiSSA: FactorInitializer {
  static let spellings = ["pissa", "pissa_niter_N"]
  let isOffset = true
  /// Nil for the exact decomposition.
  private let iterations: Int?

  init?(_ value: JSONValue) {
    guard let text = value.stringValue else { return nil }
    guard text != "pissa" else {
      iterations = nil
      return
    }
    let prefix = "pissa_niter_"
    guard text.hasPrefix(prefix), let count = Int(text.dropFirst(prefix.count)), count >= 0 else {
      return nil
    }
    iterations = count
  }

  func rankLimit(_ layer: any AdaptableLayer) throws -> Int? { try layer.smallerSide() }

  func factors(of layer: any AdaptableLayer, _ request: FactorRequest) throws -> InitialFactors {
    let (weight, rank) = (try layer.untouchedMatrix(), request.rank)
    let parts: (u: Tensor, s: Tensor, vh: Tensor)
    if let iterations {
      // One seed for all, so that loading finds the same factors again.
      let generator = try Generator(seed: 42, device: weight.device)
      // Ten extra directions bring the leading ones much closer to the exact ones, at little cost.
      let (u, s, v) = try weight.svdLowRank(rank + 10, iterations: iterations, generator: generator)
      parts = (u, s, try v.t())
    } else {
      parts = try weight.svd()
    }
    let root = try (parts.s.slice(0, 0..<rank) / request.scale).sqrt()
    return try InitialFactors(
      a: parts.vh.slice(0, 0..<rank) * root.unsqueezed(1), b: parts.u.slice(1, 0..<rank) * root)
  }

  func validate(_ method: LoRA) throws { try requirePositiveScale(method) }
}

/// Square roots of S / s need a positive s.
func requirePositiveScale(_ method: LoRA) throws {
  for (field, alpha) in [("lora_alpha", method.alpha)]
    + method.alphaPattern.entries.map({ ("alpha_pattern[\($0.key)]", $0.value) })
  where alpha.value <= 0 {
    throw ConfigurationError(
      field, value: alpha.value, rule: "must be more than 0 where factors come from a decomposition")
  }
}
