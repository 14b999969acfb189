import JSON
import NN
import Torch

/// What the layers of an adapter are, where its file keeps plain matrices for all of them.
///
/// AdaLoRA's factors are [k, in] and [out, k] also on a convolution, whose kernel they do not tell, and on an embedding.
/// Hugging Face PEFT's files say no more; ours do so in the metadata of the tensors' file, which PEFT does not read.
public struct LayerShapes: Sendable, Hashable {
  static let key = "layer_shapes"

  private enum Special: Hashable, Sendable {
    case embedding
    /// Inputs and kernel.
    case convolution(inner: [Int], groups: Int)
  }

  /// Every layer that is not linear, by its path.
  private var special: [String: Special] = [:]

  /// Whether all layers are linear.
  public var isPlain: Bool { special.isEmpty }

  private init() {}

  /// Linear layers alone.
  static let linear = LayerShapes()

  /// The shapes of layers of a model.
  init(of layers: [any AdaptableLayer]) throws {
    for layer in layers {
      switch layer.kind {
      case .embedding: special[layer.name] = .embedding
      case .convolution(_, let inputs, _):
        special[layer.name] = .convolution(inner: [inputs] + layer.kernel, groups: layer.groups)
      case .linear, .transposedLinear, .norm, .parameter: break
      }
    }
  }

  /// The shapes of the layers called `names`, by their weights in a base's checkpoint.
  ///
  /// - Parameter isTransposed: whether the base keeps the weight of a linear layer [in, out].
  /// - Throws: ``AdapterError`` naming a layer that the base does not have, or has in another size.
  init(
    of names: [(layer: String, inputs: Int, outputs: Int)], in base: any TensorSource,
    isTransposed: (String) -> Bool
  ) throws {
    let known = base.names.sorted()
    for (layer, inputs, outputs) in names {
      let weight = "\(layer).weight"
      // A checkpoint of a bare body lacks the beginning of the path, one of a whole model may have more.
      let name = known.first { weight.hasSuffix(".\($0)") || $0.hasSuffix(".\(weight)") }
      guard let shape = base.shape(of: weight) ?? name.flatMap({ base.shape(of: $0) }) else {
        throw AdapterError("\(weight) is not in the base, and the adapter changes it: give its own base")
      }
      if shape.count > 2, shape[0] == outputs {
        let place = shape.dropFirst(2).reduce(1, *)
        let channels = inputs / max(1, place)
        if shape[1] > 0, channels * place == inputs, channels % shape[1] == 0 {
          special[layer] = .convolution(
            inner: [channels] + shape.dropFirst(2), groups: channels / shape[1])
          continue
        }
      } else if shape == [outputs, inputs] {
        continue
      } else if shape == [inputs, outputs] {
        if !isTransposed(layer) { special[layer] = .embedding }
        continue
      }
      throw AdapterError(
        "\(weight) is \(shape) in the base, and the adapter's update is [\(outputs), \(inputs)]: give its own base"
      )
    }
  }

  /// What the metadata of a file say; nil when they say nothing.
  ///
  /// - Throws: ``AdapterError`` for what is no description of layers.
  init?(metadata: [String: String]) throws {
    guard let text = metadata[Self.key] else { return nil }
    guard let object = try? JSONValue.parse(text).objectValue else { throw Self.damaged(text) }
    for (layer, value) in object {
      switch value["form"]?.stringValue {
      case "embedding": special[layer] = .embedding
      case "convolution":
        let inner = value["inner"]?.arrayValue?.compactMap(\.intValue) ?? []
        guard let groups = value["groups"]?.intValue, groups > 0, inner.count > 1,
          inner.allSatisfy({ $0 > 0 })
        else { throw Self.damaged(text) }
        special[layer] = .convolution(inner: inner, groups: groups)
      default: throw Self.damaged(text)
      }
    }
  }

  private static func damaged(_ text: String) -> AdapterError {
    AdapterError(
      "\(key) in the adapter's metadata is '\(text)', which describes no layers: the file is damaged")
  }

  var metadata: [String: String] {
    let entries = special.sorted { $0.key < $1.key }.map { layer, shape -> (String, JSONValue) in
      switch shape {
      case .embedding: (layer, ["form": "embedding"])
      case .convolution(let inner, let groups):
        (
          layer,
          ["form": "convolution", "groups": .int(groups), "inner": .array(inner.map(JSONValue.int))]
        )
      }
    }
    return [Self.key: JSONValue.object(JSONObject(entries)).serialized()]
  }

  /// The same under the paths that `rename` gives.
  func renamed(_ rename: (String) -> String) -> LayerShapes {
    var result = self
    result.special = Dictionary(special.map { (rename($0.key), $0.value) }) { first, _ in first }
    return result
  }

  /// The update s B A of a layer, from matrices A [k, in] and B [out, k], as a LoRA keeps it.
  ///
  /// - Throws: ``AdapterError`` when the matrices are not of the layer.
  func update(of layer: String, a: Tensor, b: Tensor, scale: Double) throws -> LayerUpdate {
    switch special[layer] {
    case nil: return try LayerUpdate(layer: layer, a: a, b: b, scale: scale)
    case .embedding: return try LayerUpdate(layer: layer, form: .embedding, a: a, b: b, scale: scale)
    case .convolution(let inner, let groups):
      guard a.rank == 2, b.rank == 2, a.shape[1] == inner.reduce(1, *), b.shape[0] % groups == 0 else {
        throw AdapterError(
          "the factors A \(a.shape) and B \(b.shape) of \(layer) do not fit its kernel \(inner): the adapter is damaged"
        )
      }
      let shape = LayerShape(
        layer: layer, form: .convolution, outputs: b.shape[0], inner: inner, groups: groups)
      // What LoRA adds to a group of outputs has factors of its own; here all share their A.
      var update = try shape.update(b.chunked(groups).map { FactorPair(a: a, b: $0) }, dtype: a.dtype)
      update.scale = scale
      return update
    }
  }
}

extension AdapterFolder {
  /// The same with the shapes of its layers from the base's checkpoint, where the method needs them and its folder does
  /// not say them.
  ///
  /// - Parameter isTransposed: whether the base keeps the weight of the linear layer at a path [in, out].
  /// - Throws: ``AdapterError`` naming a layer that the base lacks.
  public func shaped(by base: any TensorSource, isTransposed: (String) -> Bool) throws -> AdapterFolder {
    guard configuration.method is AdaLoRA, shapes == nil else { return self }
    let sizes = try factors().updates.map {
      (layer: $0.layer, inputs: $0.a.shape[1], outputs: $0.b.shape[0])
    }
    var result = self
    result.shapes = try LayerShapes(of: sizes, in: base, isTransposed: isTransposed)
    return result
  }

  /// Whether nothing tells what the layers are. PEFT's tasks are of texts, and AdaLoRA reaches linear layers alone there.
  var lacksShapes: Bool {
    configuration.method is AdaLoRA && shapes == nil && configuration.shared.taskType == nil
  }
}
