import NN
import Torch

/// A tensor of an adapter under its full name.
public struct NamedParameter {
  /// As in the file, such as `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`.
  public let name: String
  /// The layer that it belongs to; empty for those of a prompt.
  public let layer: String
  public let parameter: AdapterParameter
}

extension AdaptedModel {
  static let keyPrefix = "base_model.model."

  /// What the names of an adapter's tensors begin with. Hugging Face PEFT does not wrap models that get a prompt.
  static func keyPrefix(of method: any AdapterMethod) -> String {
    method is any PromptMethod ? "base_model." : keyPrefix
  }

  /// Every tensor of an adapter: a prompt's, then in the order of the layers.
  public func parameters(of name: String = "default") -> [NamedParameter] {
    let prefix = configurations[name].map { Self.keyPrefix(of: $0.method) } ?? Self.keyPrefix
    let prompt = (store.prompts?[name]?.prompt.parameters ?? []).map {
      NamedParameter(name: $0.name, layer: "", parameter: $0)
    }
    return store.layers.reduce(into: prompt) { all, layer in
      let adapter = layer.slot[name]?.adapter
      let place = adapter?.place ?? layer.name
      all += (adapter?.parameters ?? []).map {
        NamedParameter(name: "\(prefix)\(place).\($0.name)", layer: layer.name, parameter: $0)
      }
    }
  }

  /// What was taken off the base when an adapter started, under the names of the factors that train.
  func initialParameters(of name: String) -> [NamedParameter] {
    store.layers.flatMap { layer in
      let adapter = layer.slot[name]?.adapter
      let place = adapter?.place ?? layer.name
      return ((adapter as? any StartsFromBase)?.initialParameters ?? []).map {
        NamedParameter(name: Self.key(place, $0.name), layer: layer.name, parameter: $0)
      }
    }
  }

  /// The tensors that training changes now, of all adapters.
  public var trainableParameters: [NamedParameter] {
    var seen: Set<ObjectIdentifier> = []
    return names.flatMap(parameters(of:)).filter {
      // Tied modules share one parameter under two names.
      $0.parameter.isLearned && $0.parameter.tensor.requiresGrad
        && seen.insert(ObjectIdentifier($0.parameter)).inserted
    }
  }

  /// The number of elements that training changes.
  public var trainableCount: Int { trainableParameters.reduce(0) { $0 + $1.parameter.tensor.count } }

  static func key(_ layer: String, _ parameter: String) -> String { "\(keyPrefix)\(layer).\(parameter)" }
}
