import Torch

/// Linear layers that read the same input (query, key and value; gate and up), so that they can share work.
public struct LinearGroup {
  public let layers: [Linear]

  public init(_ layers: [Linear]) { self.layers = layers }

  /// The output of each layer, in order.
  public func callAsFunction(_ x: Tensor) throws -> [Tensor] {
    var outputs = [Tensor?](repeating: nil, count: layers.count)
    var (terms, places): ([ProductTerm], [(index: Int, adapter: (any LowRankAdapter)?)]) = ([], [])
    for (index, layer) in layers.enumerated() {
      let working = layer.slot.working
      if layer.slot.isByRow {
        outputs[index] = try layer(x)
      } else if layer.isFusable, working.isEmpty {
        terms.append(ProductTerm(weight: layer.weight, bias: layer.bias?.tensor))
        places.append((index, nil))
      } else if layer.isFusable, working.count == 1, let adapter = working[0] as? any LowRankAdapter,
        adapter.isLowRankNow(for: layer)
      {
        terms.append(try adapter.term(for: layer))
        places.append((index, adapter))
      } else {
        outputs[index] = try layer(x)
      }
    }
    for (place, product) in try zip(places, terms.isEmpty ? [] : groupedProducts(x, terms)) {
      outputs[place.index] = try place.adapter?.finish(product, of: layers[place.index]) ?? product
    }
    return outputs.compactMap(\.self)
  }
}
