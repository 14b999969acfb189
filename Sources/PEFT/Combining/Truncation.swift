import Configuration
import Torch

/// How much of a matrix its factors keep.
public enum Truncation: Hashable, Sendable {
  /// The leading singular triplets, this many or as many as there are.
  case rank(Int)
  /// As few as have this share of the sum of the squared singular values.
  case energy(Double)

  /// - Throws: ``ConfigurationError`` for a rank below one or a share outside (0, 1].
  public func validate() throws {
    switch self {
    case .rank(let rank) where rank < 1:
      throw ConfigurationError("rank", value: rank, rule: "must be at least 1")
    case .energy(let share) where !(share > 0 && share <= 1):
      throw ConfigurationError("energy", value: share, rule: "must be above 0 and at most 1")
    default: break
    }
  }

  /// How many of the singular values `s`, descending, to keep.
  func count(_ s: Tensor) throws -> Int {
    switch self {
    case .rank(let rank): return min(rank, s.count)
    case .energy(let share):
      let squares = try s.to(dtype: .float64).square().array(of: Double.self)
      let total = squares.reduce(0, +)
      var sum = 0.0
      for (index, square) in squares.enumerated() {
        sum += square
        if sum >= share * total { return index + 1 }
      }
      return squares.count
    }
  }

  /// Sides from which on a small fixed rank is found by random projection.
  private static let largeSide = 2048

  /// `matrix` [m, n] as B A with B = U S and A = V^T.
  func factors(of matrix: Tensor) throws -> FactorPair {
    if case .rank(let rank) = self, let side = matrix.shape.min(), side > Self.largeSide, rank * 8 < side {
      let generator = try Generator(seed: 0, device: matrix.device)
      let parts = try matrix.svdLowRank(rank + 32, iterations: 6, generator: generator)
      return try FactorPair(
        a: parts.v.t().slice(0, 0..<rank).contiguous(), b: (parts.u * parts.s).slice(1, 0..<rank).contiguous()
      )
    }
    let parts = try matrix.svd()
    let count = try count(parts.s)
    return try FactorPair(
      a: parts.vh.slice(0, 0..<count).contiguous(), b: (parts.u * parts.s).slice(1, 0..<count).contiguous())
  }

  /// The same of a product, without making it.
  func factors(of pair: FactorPair) throws -> FactorPair {
    let core = try pair.core()
    let small = try factors(of: core.small)
    return try FactorPair(a: small.a.mm(core.right.t()), b: core.left.mm(small.b))
  }
}
