import Configuration
import Foundation
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
    var method = try Self.requireConvertible(configuration.method)
    let initialization = method.initialization
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
    if method.magnitudeOnly != nil {
      let layers = Set(tensors.keys.compactMap { FactorName.split($0)?.layer })
      let scaled = tensors.keys.filter { $0.hasSuffix(Self.magnitudeSuffix) }.map {
        String($0.dropFirst(AdaptedModel.keyPrefix.count).dropLast(Self.magnitudeSuffix.count))
      }
      guard layers.isSuperset(of: scaled) else {
        throw AdapterError(
          "the adapter has layers with magnitudes alone, whose sizes the base knows: save it as an ordinary LoRA "
            + "from a model that has it")
      }
      method.targeting.modules = .names(layers.sorted())
      (method.targeting.excluded, method.targeting.layers, method.targeting.layersPattern) = (nil, nil, nil)
      method.magnitudeOnly = nil
    }
    for key in ["eva_config", "corda_config", "lora_ga_config"] { method.taskSpecific[key] = .null }
    result.configuration.method = method
    result.initial = [:]
    return result
  }

  static let magnitudeSuffix = ".lora_magnitude_vector"

  /// The method, if its adapters can become ordinary LoRAs.
  ///
  /// - Throws: ``AdapterError`` for any other method than LoRA, and for LoftQ, whose base is another one.
  @discardableResult
  public static func requireConvertible(_ method: any AdapterMethod) throws -> LoRA {
    guard let lora = method as? LoRA else {
      throw AdapterError(
        "the adapter is \(type(of: method).peftType), not LORA: it cannot become an ordinary LoRA")
    }
    if lora.initialization.initializer is LoftQ {
      throw AdapterError(
        "a loftq adapter belongs to a rounded base, so it is no ordinary LoRA: merge it instead")
    }
    return lora
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

extension AdaptedModel {
  /// An adapter as an ordinary LoRA or DoRA on the untouched base; see ``AdapterFolder/ordinaryLoRA()``.
  ///
  /// Layers with a magnitude alone get factors of rank 1 that are zero, for no other reader knows such layers.
  public func ordinaryLoRA(of name: String = "default") throws -> AdapterFolder {
    var folder = try folder(of: name)
    guard var method = folder.configuration.method as? LoRA, method.magnitudeOnly != nil else {
      return try folder.ordinaryLoRA()
    }
    for layer in store.layers where layer.slot[name]?.adapter is DoRAMagnitude {
      let shapes = try layer.factorShapes(rank: layer.groups)
      folder.tensors[Self.key(layer.name, "lora_A.weight")] = try .zeros(shapes.a)
      folder.tensors[Self.key(layer.name, "lora_B.weight")] = try .zeros(shapes.b)
      method.rankPattern.entries.insert(
        ("^" + NSRegularExpression.escapedPattern(for: layer.name), layer.groups), at: 0)
    }
    folder.configuration.method = method
    return try folder.ordinaryLoRA()
  }
}
