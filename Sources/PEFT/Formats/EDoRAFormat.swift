import Configuration
import JSON
import NN
import Torch

/// The layouts in which EDoRA adapters exist beside our own: the original repository's, and a fold into plain LoRA.
extension AdapterFolder {
  private static let ourSuffix = ".lora_latent_mapping.weight"
  private static let originalSuffix = "_lora_latent_mapping.weight"
  /// How a current PEFT writes the original repository's attribute.
  private static let attributeSuffix = ".default_lora_latent_mapping.weight"

  /// The same adapter as `EDORA` if it is one of the original repository (a `LORA` configuration beside r x r
  /// matrices), itself otherwise.
  ///
  /// Source: github.com/Hamid-Nasiri/EDoRA, whose PEFT 0.10 strips `.default` from `..._proj.default_lora_latent_mapping`.
  func recognizingOriginalEDoRA() throws -> AdapterFolder {
    var renamed: [String: Tensor] = [:]
    var isOriginal = false
    for (key, tensor) in tensors {
      var name = key
      for suffix in [Self.attributeSuffix, Self.originalSuffix]
      where key.hasSuffix(suffix) && !key.hasSuffix(Self.ourSuffix) {
        name = key.dropLast(suffix.count) + Self.ourSuffix
        isOriginal = true
        break
      }
      renamed[name] = tensor
    }
    guard isOriginal, let lora = configuration.method as? LoRA else { return self }
    var method = EDoRA()
    (method.rank, method.alpha, method.dropout) = (lora.rank, lora.alpha, lora.dropout)
    (method.targeting, method.rankPattern, method.alphaPattern) = (
      lora.targeting, lora.rankPattern, lora.alphaPattern
    )
    method.usesMagnitude = renamed.keys.contains { $0.hasSuffix(".lora_magnitude_vector") }
    var configuration = AdapterConfiguration(method)
    configuration.shared = self.configuration.shared
    return AdapterFolder(configuration: configuration, tensors: renamed)
  }

  /// The original repository's layout of an EDoRA adapter.
  ///
  /// - Throws: ``AdapterError`` for any other method.
  public func originalEDoRA() throws -> AdapterFolder {
    let method = try requireEDoRA()
    var tensors: [String: Tensor] = [:]
    for (key, tensor) in self.tensors {
      let isMapping = key.hasSuffix(Self.ourSuffix)
      tensors[isMapping ? key.dropLast(Self.ourSuffix.count) + Self.originalSuffix : key] = tensor
    }
    return AdapterFolder(configuration: plain(method), tensors: tensors)
  }

  /// The adapter with R folded into A (A' = R A): a DoRA, or without magnitudes a LoRA, that Hugging Face PEFT loads
  /// with equal outputs.
  ///
  /// - Throws: ``AdapterError`` for any other method, for a mapping whose A is missing, and for attentions with fused
  ///   projections, whose outputs' updates Hugging Face PEFT reads differently.
  public func foldedEDoRA() throws -> AdapterFolder {
    let method = try requireEDoRA()
    let layers = Set(
      tensors.keys.filter { $0.hasSuffix(Self.ourSuffix) }.map { String($0.dropLast(Self.ourSuffix.count)) })
    if let output = layers.sorted().first(where: { FusedOutput.attention(of: $0, among: layers) != nil }) {
      throw AdapterError(
        "\(output) belongs to an attention with fused projections, whose update Hugging Face PEFT adds twice: "
          + "convert the adapter with --to lora")
    }
    var tensors = self.tensors
    for (key, mapping) in self.tensors where key.hasSuffix(Self.ourSuffix) {
      let name = String(key.dropLast(Self.ourSuffix.count)) + ".lora_A.weight"
      guard let a = tensors[name] else { throw AdapterError("tensor \(name) is missing, which \(key) maps") }
      tensors[key] = nil
      let rows = try a.to(dtype: .float32).flattened(from: 1)
      tensors[name] = try mapping.to(dtype: .float32).mm(rows).to(dtype: a.dtype).reshaped(a.shape)
    }
    return AdapterFolder(configuration: plain(method), tensors: tensors)
  }

  private func requireEDoRA() throws -> EDoRA {
    guard let method = configuration.method as? EDoRA else {
      throw AdapterError(
        "the adapter is \(type(of: configuration.method).peftType), not EDORA: choose another format")
    }
    return method
  }

  private func plain(_ method: EDoRA) -> AdapterConfiguration {
    var lora = LoRA()
    (lora.rank, lora.alpha, lora.dropout) = (method.rank, method.alpha, method.dropout)
    (lora.targeting, lora.rankPattern, lora.alphaPattern) = (
      method.targeting, method.rankPattern, method.alphaPattern
    )
    lora.usesDoRA = method.usesMagnitude
    var configuration = AdapterConfiguration(lora)
    configuration.shared = self.configuration.shared
    return configuration
  }
}
