import Torch

/// An adapter of a linear layer that is a low-rank update of its product, and perhaps a change of the output.
///
/// Layers that read the same input can then share work; see ``LinearGroup``.
public protocol LowRankAdapter: LayerAdapter {
  /// Whether it is one now; dropout may stand in the way.
  func isLowRankNow(for layer: any AdaptableLayer) -> Bool
  /// Whether that is all it is: the product needs no finishing.
  var isPlain: Bool { get }
  /// The product to take in one step with others.
  func term(for layer: any AdaptableLayer) throws -> ProductTerm
  /// The layer's output, from that product.
  func finish(_ product: Tensor, of layer: any AdaptableLayer) throws -> Tensor
}

extension LowRankAdapter {
  public func isLowRankNow(for layer: any AdaptableLayer) -> Bool { true }
  public var isPlain: Bool { false }

  /// The output on a bare layer.
  public func fused(_ x: Tensor, _ layer: any AdaptableLayer) throws -> Tensor {
    let products = try groupedProducts(x, [term(for: layer)])
    guard let product = products.first else { throw AdapterError("\(layer.name): no product") }
    return try finish(product, of: layer)
  }
}

extension AdapterBase {
  /// Whether the base product may be taken together with the update's: nothing between, nothing of it trained.
  public var isFusable: Bool { isBare && layer.isFusable }
}

extension AdaptableLayer {
  /// Whether products with the weight may be taken outside the graph.
  var isFusable: Bool {
    if case .linear = kind { !weight.isTrained && bias?.tensor.requiresGrad != true } else { false }
  }
}
