import NN
import Torch

/// A layer as its update sees it: the shapes of the factors but for the rank.
public struct LayerShape: Hashable, Sendable {
  public let layer: String
  public let form: LayerUpdate.Form
  /// Rows of B.
  public let outputs: Int
  /// A's shape after the rank: the inputs, for convolutions with the kernel.
  public let inner: [Int]
  public let groups: Int

  init(layer: String, form: LayerUpdate.Form, outputs: Int, inner: [Int], groups: Int = 1) {
    (self.layer, self.form, self.outputs) = (layer, form, outputs)
    (self.inner, self.groups) = (inner, groups)
  }

  /// The shape of a layer of the base; nil for layers that have no low-rank update.
  init?(_ layer: any AdaptableLayer) throws {
    guard !layer.isParameter else { return nil }
    if case .norm = layer.kind { return nil }
    let sizes = try layer.linearSizes()
    switch layer.kind {
    case .linear, .transposedLinear:
      self.init(layer: layer.name, form: .linear, outputs: sizes.outputs, inner: [sizes.inputs])
    case .embedding:
      self.init(layer: layer.name, form: .embedding, outputs: sizes.outputs, inner: [sizes.inputs])
    case .convolution(_, let inputs, let outputs):
      // A reaches over all inputs, B is in the layer's groups.
      self.init(
        layer: layer.name, form: .convolution, outputs: outputs, inner: [inputs] + layer.kernel,
        groups: layer.groups)
    case .norm, .parameter: return nil
    }
  }

  /// Factors for each group as an update whose scale is one.
  func update(_ pairs: [FactorPair], bias: Tensor? = nil, dtype: DType = .float32) throws -> LayerUpdate {
    // Groups have factors of one rank.
    let rank = pairs.map { $0.a.shape[0] }.max() ?? 0
    let a = try Tensor.cat(pairs.map { try $0.a.padded([0, 0, 0, rank - $0.a.shape[0]]) })
    let b = try Tensor.cat(pairs.map { try $0.b.padded([0, rank - $0.b.shape[1]]) })
    let ones = Array(repeating: 1, count: form == .convolution ? inner.count - 1 : 0)
    return try LayerUpdate(
      layer: layer, form: form, a: a.reshaped([a.shape[0]] + inner).to(dtype: dtype),
      b: b.reshaped([outputs, rank] + ones).to(dtype: dtype), bias: bias, scale: 1)
  }
}
