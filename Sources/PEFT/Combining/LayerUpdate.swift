import NN
import Torch

/// What an adapter adds to one layer's weight, as it stands in the adapter's own file: s B A, and perhaps s times a bias.
///
/// Source: Hu et al. 2021, section 4.1. Nothing here needs the base model.
public struct LayerUpdate {
  /// How the factors are kept, and which weight they change.
  public enum Form: Hashable, Sendable {
    /// A [r, in], B [out, r]; the update of a weight [out, in].
    case linear
    /// A [r, entries], B [size, r]; the update of a table [entries, size], transposed.
    case embedding
    /// A [r, in, kernel...], B [out, r / groups, 1...].
    case convolution
    /// A [experts r, in], expert by expert, B [out, r experts], its columns in turns; the update of a parameter with a
    /// matrix for each of so many experts.
    case experts(Int)
  }

  /// The path of the layer, such as `model.layers.0.self_attn.q_proj`.
  public var layer: String
  public var form: Form
  /// Float32 in calculations; in the file's own type as read.
  public var a, b: Tensor
  /// [out]; added to the output, scaled.
  public var bias: Tensor?
  public var scale: Double

  /// - Throws: ``AdapterError`` when the factors' shapes do not belong together.
  public init(layer: String, form: Form = .linear, a: Tensor, b: Tensor, bias: Tensor? = nil, scale: Double)
    throws
  {
    (self.layer, self.form, self.a, self.b) = (layer, form, a, b)
    (self.bias, self.scale) = (bias, scale)
    let fits =
      form == .convolution
      ? a.rank == b.rank && a.rank >= 3 && b.shape.dropFirst(2).allSatisfy { $0 == 1 } && b.shape[1] > 0
        && a.shape[0] % b.shape[1] == 0 && b.shape[0] % (a.shape[0] / b.shape[1]) == 0
      : a.rank == 2 && b.rank == 2 && a.shape[0] == b.shape[1]
    guard fits, a.shape[0] > 0, bias.map({ $0.shape == [b.shape[0]] }) ?? true, scale.isFinite else {
      throw AdapterError(
        "the factors A \(a.shape) and B \(b.shape) of \(layer) do not belong together: the adapter is damaged"
      )
    }
  }

  /// The rank r.
  public var rank: Int { a.shape[0] / experts }

  /// The matrices that a parameter holds; 1 for layers.
  public var experts: Int { if case .experts(let count) = form { count } else { 1 } }

  /// The numerator of the scale alpha / r, whole where it is meant to be.
  public var alpha: Double {
    let alpha = scale * Double(rank)
    return abs(alpha - alpha.rounded()) < 1e-9 * max(1, abs(alpha)) ? alpha.rounded() : alpha
  }

  /// Independent parts: the groups of a convolution, the experts of a parameter, else one.
  var groups: Int {
    switch form {
    case .convolution: a.shape[0] / b.shape[1]
    case .linear, .embedding, .experts: experts
    }
  }

  /// The factors as float32 matrices [r, n] and [m, r], one pair for each group.
  func matrices() throws -> [FactorPair] {
    let a = try a.to(dtype: .float32).flattened(from: 1)
    let b = try b.to(dtype: .float32).flattened(from: 1)
    guard groups > 1 else { return [FactorPair(a: a, b: b)] }
    if case .experts(let count) = form {
      let columns = try b.reshaped([b.shape[0], -1, count])
      return try a.chunked(count).enumerated().map { expert, a in
        FactorPair(a: a, b: try columns.select(2, expert))
      }
    }
    return try zip(a.chunked(groups), b.chunked(groups)).map { FactorPair(a: $0, b: $1) }
  }

  /// What a product of matrices must be given to become an update of this layer.
  var shape: LayerShape {
    LayerShape(
      layer: layer, form: form, outputs: b.shape[0], inner: Array(a.shape.dropFirst()), groups: groups)
  }

  /// s B A as a float32 matrix [out, in]; [size, entries] for embeddings, kernels flattened.
  public func delta() throws -> Tensor {
    try .cat(matrices().map { try $0.b.mm($0.a) * scale })
  }

  /// The Frobenius norm of the update, without making it.
  public func norm() throws -> Double {
    let squares = try matrices().map { pair -> Double in
      // ||B A||^2 is the trace of (B^T B)(A A^T).
      try (pair.b.t().mm(pair.b) * pair.a.mm(pair.a.t())).sum().item()
    }
    return abs(scale) * max(0, squares.reduce(0, +)).squareRoot()
  }

  /// The singular values of the update that are not surely zero, descending: [r].
  public func singularValues() throws -> [Double] {
    let values = try matrices().flatMap { pair -> [Double] in
      try pair.core().small.singularValues().to(dtype: .float64).array(of: Double.self)
    }
    return values.map { $0 * abs(scale) }.sorted(by: >)
  }
}

/// A [r, n] and B [m, r].
struct FactorPair {
  var a, b: Tensor

  /// B A = left small right^T, left and right with orthonormal columns: its singular values are those of `small`.
  func core() throws -> (left: Tensor, small: Tensor, right: Tensor) {
    let (outer, inner) = (try b.qr(), try a.t().qr())
    return (outer.q, try outer.r.mm(inner.r.t()), inner.q)
  }
}
