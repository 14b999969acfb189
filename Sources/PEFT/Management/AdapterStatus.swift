import JSON
import NN

/// The state of a model's adapters, as Hugging Face PEFT's `get_model_status` and `get_layer_status` tell it.
public struct AdapterStatus: Sendable {
  /// What holds for an adapter in all its layers, or in some of them only.
  public enum State: String, Sendable {
    case yes, no
    /// Layers differ, which no call of ``AdaptedModel`` brings about: someone edited their slots.
    case irregular

    init(_ values: [Bool]) {
      self =
        values.allSatisfy(\.self) ? (values.isEmpty ? .no : .yes) : values.contains(true) ? .irregular : .no
    }
  }

  public struct Layer: Sendable {
    public struct Adapter: Sendable {
      public let name: String
      /// The class of the adapter in this layer, such as `LoRALinear`.
      public let kind: String
      public let isActive, isMerged, isTrainable: Bool
      public let parameters: Int
    }

    public let name: String
    public let adapters: [Adapter]
  }

  public struct Adapter: Sendable {
    public let name: String
    public let method: String
    public let layers, parameters, trainableParameters: Int
    public let active, merged, trainable: State
    /// The factor of ``AdaptedModel/setScale(_:of:)``.
    public let scale: Double
  }

  /// Layers that have adapters.
  public let layers: [Layer]
  public let adapters: [Adapter]
  public let baseParameters: Int
  /// Whether adapters take part at all.
  public let isEnabled: Bool

  public var json: JSONObject {
    let adapters = adapters.map { adapter -> (String, JSONValue) in
      (
        adapter.name,
        [
          "method": .string(adapter.method), "layers": .int(adapter.layers),
          "parameters": .int(adapter.parameters), "trainable_parameters": .int(adapter.trainableParameters),
          "active": .string(adapter.active.rawValue), "merged": .string(adapter.merged.rawValue),
          "trainable": .string(adapter.trainable.rawValue), "scale": .double(adapter.scale),
        ]
      )
    }
    let layers = layers.map { layer -> JSONValue in
      [
        "name": .string(layer.name),
        "adapters": .array(
          layer.adapters.map {
            [
              "name": .string($0.name), "kind": .string($0.kind), "active": .bool($0.isActive),
              "merged": .bool($0.isMerged), "trainable": .bool($0.isTrainable),
              "parameters": .int($0.parameters),
            ]
          }),
      ]
    }
    return [
      "enabled": .bool(isEnabled), "base_parameters": .int(baseParameters),
      "adapters": .object(JSONObject(adapters)),
      "layers": .array(layers),
    ]
  }
}

extension AdaptedModel {
  /// What adapters there are, layer by layer and in the whole, and what state they are in.
  public func status() throws -> AdapterStatus {
    let layers = store.layers.filter { !$0.adapters.isEmpty }.map { layer in
      AdapterStatus.Layer(
        name: layer.name,
        adapters: layer.adapters.map { entry in
          AdapterStatus.Layer.Adapter(
            name: entry.name, kind: "\(type(of: entry.adapter))", isActive: entry.isActive,
            isMerged: entry.isMerged, isTrainable: entry.isTrainable,
            parameters: entry.adapter.parameters.reduce(0) { $0 + $1.tensor.count })
        })
    }
    let adapters = try names.map { name in
      let own = layers.compactMap { layer in layer.adapters.first { $0.name == name } }
      let prompt = store.prompts?[name]
      let trained = parameters(of: name).filter { $0.parameter.isLearned && $0.parameter.tensor.requiresGrad }
      return AdapterStatus.Adapter(
        name: name, method: configurations[name].map { type(of: $0.method).peftType } ?? "",
        layers: own.count,
        parameters: parameters(of: name).reduce(0) { $0 + $1.parameter.tensor.count },
        trainableParameters: trained.reduce(0) { $0 + $1.parameter.tensor.count },
        active: .init(own.map(\.isActive) + (prompt.map { [$0.isActive] } ?? [])),
        merged: .init(own.map(\.isMerged)),
        trainable: .init(own.map(\.isTrainable) + (prompt == nil ? [] : [!trained.isEmpty])),
        scale: try scale(of: name))
    }
    return AdapterStatus(
      layers: layers, adapters: adapters, baseParameters: store.parameterCount,
      isEnabled: store.mode.usesAdapters)
  }
}
