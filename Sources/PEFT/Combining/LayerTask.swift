import Torch

/// What one adapter of a ``Combiner`` does to a layer, and how much it counts.
struct LayerTask {
  let shape: LayerShape
  let weight: Double
  let scale: Double
  let dtype: DType
  /// The rank of the factors; nil where there are none.
  let rank: Int?
  /// For each group.
  let parts: () throws -> [Part]
  /// Scaled.
  let bias: () throws -> Tensor?

  /// The update of one group: factors without their scale, or a matrix with it.
  enum Part {
    case factors(FactorPair)
    case matrix(Tensor)

    var pair: FactorPair? {
      if case .factors(let pair) = self { pair } else { nil }
    }

    func matrix(scale: Double) throws -> Tensor {
      switch self {
      case .factors(let pair): try pair.b.mm(pair.a) * scale
      case .matrix(let matrix): matrix
      }
    }
  }

  init(_ update: LayerUpdate, weight: Double) {
    (shape, self.weight, scale) = (update.shape, weight, update.scale)
    (dtype, rank) = (update.a.dtype, update.rank)
    parts = { try update.matrices().map(Part.factors) }
    bias = { try update.bias.map { try $0.to(dtype: .float32) * update.scale } }
  }

  init(_ shape: LayerShape, _ deltas: LayerDeltas, weight: Double) {
    (self.shape, self.weight, scale, dtype, rank) = (shape, weight, 1, .float32, nil)
    parts = { try deltas.matrix(shape).chunked(shape.groups).map(Part.matrix) }
    bias = { try deltas.bias(shape) }
  }
}
