import JSON
import NN
import Torch

/// B frozen at the left singular vectors of the r smallest singular values, A zero: learning goes where the weight does
/// least. On an embedding the weight is that of its projection, [size, entries].
///
/// As PEFT 0.21's `mica` (arXiv:2604.01694).
struct MiCA: FactorInitializer {
  static let spellings = ["mica"]
  let trainsB = false

  init?(_ value: JSONValue) { guard value.stringValue?.lowercased() == "mica" else { return nil } }

  func supports(_ kind: LayerKind) -> Bool {
    switch kind {
    case .linear, .transposedLinear, .embedding: true
    case .convolution, .norm, .parameter: false
    }
  }

  func rankLimit(_ layer: any AdaptableLayer) throws -> Int? { try layer.smallerSide() }

  func factors(of layer: any AdaptableLayer, _ request: FactorRequest) throws -> InitialFactors {
    let last = try layer.smallerSide()
    let minor = try layer.untouchedMatrix().svd().u.slice(1, (last - request.rank)..<last)
    return try InitialFactors(a: .zeros(layer.factorShapes(rank: request.rank).a), b: minor)
  }
}
