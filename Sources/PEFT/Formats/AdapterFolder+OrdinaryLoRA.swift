import Configuration
import JSON
import NN
import Torch

extension AdapterFolder {
  /// The adapter as an ordinary LoRA on the untouched base, with equal outputs: [A; A0] and [B, -B0] at twice the rank,
  /// where an initialization took s B0 A0 off the base; itself, with `init_lora_weights` true, where none did.
  ///
  /// alpha grows with the rank, so that the scale stays, also with rsLoRA and with patterns.
  /// - Throws: ``AdapterError`` for any other method, for LoftQ, whose base is another one, and when the initial factors
  ///   are not in the folder.
  public func ordinaryLoRA() throws -> AdapterFolder {
    guard var method = configuration.method as? LoRA else {
      throw AdapterError(
        "the adapter is \(type(of: configuration.method).peftType), not LORA: it cannot become an ordinary LoRA"
      )
    }
    let initialization = method.initialization
    if initialization.initializer is LoftQ {
      throw AdapterError("a loftq adapter belongs to a rounded base: merge it instead")
    }
    var result = self
    if initialization.changesBase {
      guard !initial.isEmpty else {
        throw AdapterError(
          "the folder has no \(Self.initialName), which tells what \(initialization.json.serialized()) took off the "
            + "base: load the adapter on its base and save it as an ordinary LoRA from there")
      }
      method.rank *= 2
      method.rankPattern.entries = method.rankPattern.entries.map { ($0.key, 2 * $0.value) }
      let growth = method.usesRankStabilizedScaling ? 2.0.squareRoot() : 2
      method.alpha.value *= growth
      method.alphaPattern.entries = method.alphaPattern.entries.map {
        ($0.key, WholeOrReal($0.value.value * growth))
      }
      result.tensors = try joinedFactors()
    }
    method.initialization = .standard
    for key in ["eva_config", "corda_config", "lora_ga_config"] { method.taskSpecific[key] = .null }
    result.configuration.method = method
    result.initial = [:]
    return result
  }

  /// Every A on top of A0 and every B beside -B0; zeros where nothing was taken off.
  private func joinedFactors() throws -> [String: Tensor] {
    var joined = tensors
    for (key, tensor) in tensors {
      let name = key.split(separator: ".").suffix(2).joined(separator: ".")
      let isA = name == "lora_A.weight" || key.hasSuffix(".lora_embedding_A")
      guard isA || name == "lora_B.weight" || key.hasSuffix(".lora_embedding_B") else { continue }
      let start = try initial[key] ?? tensor.zerosLike()
      joined[key] = try Tensor.cat([tensor, isA ? start : -start], dim: isA ? 0 : 1)
    }
    return joined
  }
}
