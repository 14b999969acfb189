import CTorch

/// Which elements of a tensor of some shape dropout takes out: the same ones whenever it is applied.
///
/// Where the fused kernels work it is a seed, from which an element's fate follows; nothing of the tensor's size is kept
/// for the backward pass. Elsewhere it is a mask.
///
/// Source: Srivastava et al. 2014, "Dropout".
public struct DropoutChoice: Sendable {
  private enum Form {
    case seed(UInt64)
    case mask(Tensor)
  }

  public let rate: Double
  private let form: Form

  /// Draws from the standard generator.
  ///
  /// - Parameters:
  ///   - rate: the share that is dropped, at least 0 and below 1.
  ///   - x: a tensor like those that it will be applied to.
  public init(rate: Double, for x: Tensor) throws {
    self.rate = rate
    form = try withoutGradients {
      guard x.isFusable else {
        return .mask(try x.emptyLike().bernoulli_(1 - rate).mul_(1 / (1 - rate)))
      }
      let halves = try Tensor.randint(0..<(1 << 32), [2]).array(of: Int.self)
      return .seed(UInt64(halves[0]) << 32 | UInt64(halves[1]))
    }
  }

  /// x / (1 - rate), with zeros for what is dropped. Records nothing for the backward pass, which is this function too.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    switch form {
    case .mask(let mask): return try withoutGradients { try x * mask }
    case .seed(let seed):
      let x = try x.contiguous()
      return try x.made("dropout", keeping: [x]) { ct_dropout(x.handle, rate, seed) }
    }
  }
}
