import Torch

/// What an adapter method does to one layer.
///
/// The adapter is in charge of the layer's output: it is given the input and what lies below it, and decides
/// how to compute the base product, so that it can fuse the two.
public protocol LayerAdapter: AnyObject {
  /// Its tensors under the names that Hugging Face gives them, such as `lora_A.weight`, in a fixed order.
  var parameters: [AdapterParameter] { get }

  /// The path under which they are saved; nil for that of the layer.
  var place: String? { get }

  /// Whether it tells tokens apart by their places, so that it must get all of a text at once.
  var goesByPlace: Bool { get }

  /// The layer's output for `x` with this adapter on top of `base`.
  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor

  /// Folds this adapter into a layer's weight.
  ///
  /// - Throws: ``AdapterError`` when the method cannot be folded.
  func fold(into folding: inout Folding) throws
}

extension LayerAdapter {
  public var place: String? { nil }
  public var goesByPlace: Bool { false }
}

/// A layer's weight while adapters are folded into it, in float32.
public struct Folding {
  /// With what has been folded so far.
  public var weight: Tensor
  public var bias: Tensor?
  /// The weight without any adapter.
  public let untouched: Tensor
  public let layer: any AdaptableLayer
}

/// One tensor of an adapter.
public final class AdapterParameter: @unchecked Sendable {
  public let name: String
  public var tensor: Tensor
  /// Whether training changes it (a method may have frozen tensors).
  public let isLearned: Bool

  public init(_ name: String, _ tensor: Tensor, isLearned: Bool = true) {
    self.name = name
    self.tensor = tensor
    self.isLearned = isLearned
  }
}

/// What lies below an adapter: the layer itself, and the adapters that were activated before.
public struct AdapterBase {
  public let layer: any AdaptableLayer
  let below: ArraySlice<any LayerAdapter>
  /// An output that is known already, and the input that it is of.
  var known: (input: Tensor, output: Tensor)?
  /// The rows of the batch that the input is, where adapters work by row; nil for all.
  public var rows: [Int]?

  /// Whether there is nothing but the layer, so that its weight may be used directly.
  public var isBare: Bool { below.isEmpty && known == nil }

  /// The output without the adapter that asks.
  public func output(_ x: Tensor) throws -> Tensor {
    guard let last = below.last else {
      if let known, known.input === x { return known.output }
      return try layer.baseOutput(x)
    }
    return try last.forward(x, through: AdapterBase(layer: layer, below: below.dropLast()))
  }
}

/// Something that an adapter, or the adapters together, cannot do.
public struct AdapterError: Error, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
