import Torch

/// A layer that adapters can change. It owns a slot; it is never replaced.
public protocol AdaptableLayer: AnyObject {
  /// The full Hugging Face name of the module, such as `model.layers.0.self_attn.q_proj`.
  var name: String { get }
  var kind: LayerKind { get }
  var weight: any WeightStorage { get set }
  var bias: Parameter? { get set }
  var slot: AdapterSlot { get }
  /// The full names of the parameters.
  var weightName: String { get }
  var biasName: String { get }
  /// Layers inside the module of this name that are adapted together with this one.
  var inner: [any AdaptableLayer] { get }
  var mode: Mode { get }
  /// Whether checkpoints keep the dense weight transposed.
  var isTurnedInFiles: Bool { get }
  /// What the layer computes, with a weight and bias that need not be its own.
  func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor
}

/// What a layer computes, as far as adapters need to know.
public enum LayerKind: Hashable, Sendable {
  /// y = x W^T; W [outputs, inputs].
  case linear(inputs: Int, outputs: Int)
  /// As linear, with the weight stored [inputs, outputs] (Hugging Face's `Conv1D` of GPT-2).
  case transposedLinear(inputs: Int, outputs: Int)
  /// A table [entries, size].
  case embedding(entries: Int, size: Int)
  /// 1, 2 or 3 spatial dimensions; W [outputs, inputs / groups, kernel...].
  case convolution(dimensions: Int, inputs: Int, outputs: Int)
  /// Layer or RMS normalization over `size` features.
  case norm(size: Int)
  /// A parameter that is no layer by itself: [outputs, inputs], or one such matrix for each expert, transposed or not.
  case parameter(experts: Int, inputs: Int, outputs: Int, isTransposed: Bool)
}

extension AdaptableLayer {
  public var weightName: String { "\(name).weight" }
  public var biasName: String { "\(name).bias" }
  public var inner: [any AdaptableLayer] { [] }
  public var isTurnedInFiles: Bool { false }

  /// The output without any adapter.
  public func baseOutput(_ x: Tensor) throws -> Tensor { try output(x, weight: weight, bias: bias?.tensor) }

  /// The last component of the name, such as `q_proj`.
  public var shortName: String { name.split(separator: ".").last.map(String.init) ?? name }

  /// Adapters to see or edit.
  public var adapters: [AdapterSlot.Entry] { slot.entries }

  /// The weight without any adapter that is merged into it.
  public var untouchedWeight: any WeightStorage { slot.untouched?.weight ?? weight }

  /// The bias without any adapter that is merged into it.
  public var untouchedBias: Parameter? { slot.untouched.map(\.bias) ?? bias }

  /// The output with the adapters that are active.
  func adaptedOutput(_ x: Tensor) throws -> Tensor {
    slot.entries.isEmpty ? try baseOutput(x) : try slot.output(x, of: self)
  }

  /// Folds adapters into the weight; see ``AdapterSlot/merge(_:into:)``.
  public func merge(_ names: [String]) throws { try slot.merge(names, into: self) }
  public func unmerge() { slot.unmerge(from: self) }

  /// The untouched weight and bias with adapters folded in; nothing changes.
  public func folding(of names: [String]) throws -> Folding { try slot.folding(of: names, for: self) }
  public func commitMerge() { slot.commit() }
}

extension AdaptableLayer {
  /// Every tensor that takes part in the output and is being trained, the layer's own and its adapters'.
  public var trainableTensors: [Tensor] {
    let own = [(weight as? Parameter)?.tensor, bias?.tensor].compactMap(\.self)
    return (own + slot.entries.flatMap { $0.adapter.parameters.map(\.tensor) }).filter(\.requiresGrad)
  }
}
