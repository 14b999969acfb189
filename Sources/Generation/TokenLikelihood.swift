import Torch

/// How likely the model held a token, whatever options then made of its logits.
public struct TokenLikelihood: Sendable, Hashable {
  public struct Entry: Sendable, Hashable {
    public let id: Int
    /// The natural logarithm of the probability.
    public let logProbability: Double

    public init(id: Int, logProbability: Double) { (self.id, self.logProbability) = (id, logProbability) }
  }

  /// The token that was chosen.
  public let chosen: Entry
  /// The likeliest tokens, the likeliest first; the chosen one is among them or not.
  public let likeliest: [Entry]

  /// - Parameters:
  ///   - logits: [vocabulary], as the model gives them.
  ///   - count: how many of the likeliest tokens to name.
  init(of id: Int, in logits: Tensor, likeliest count: Int) throws {
    let scores = try logits.detached().to(dtype: .float32, device: .cpu).logSoftmax(-1)
    chosen = Entry(id: id, logProbability: try scores.select(0, id).item())
    guard count > 0 else {
      likeliest = []
      return
    }
    let top = try scores.topk(min(count, scores.count))
    likeliest = zip(
      try top.indices.array(of: Int.self), try top.values.to(dtype: .float64).array(of: Double.self)
    ).map { Entry(id: $0, logProbability: $1) }
  }
}
