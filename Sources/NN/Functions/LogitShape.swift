import Torch

/// What becomes of the logits that an output embedding gives: scaled, then squashed below a cap.
public struct LogitShape: Hashable, Sendable {
  public var scale: Double
  /// Logits l become cap tanh(l / cap) (Gemma 2).
  public var cap: Double?

  public init(scale: Double = 1, cap: Double? = nil) { (self.scale, self.cap) = (scale, cap) }

  public func callAsFunction(_ logits: Tensor) throws -> Tensor {
    let scaled = scale == 1 ? logits : try logits * scale
    guard let cap else { return scaled }
    return try (scaled / cap).tanh() * cap
  }

  /// The same in place where it can be, and the derivative of squashing, if there is a cap.
  func applied_(_ logits: Tensor) throws -> (logits: Tensor, slope: Tensor?) {
    if scale != 1 { try logits.mul_(scale) }
    guard let cap else { return (logits, nil) }
    let squashed = try (logits / cap).tanh()
    return (try squashed * cap, try -squashed.square() + 1)
  }
}
