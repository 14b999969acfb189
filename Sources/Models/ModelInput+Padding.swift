import Torch

extension ModelInput {
  /// Which keys an encoder's tokens see, bool [batch, 1, 1, tokens]; nil for all.
  ///
  /// Padding sees no padding either: a text that begins with it is classified by what its first place sees. A row of
  /// nothing else sees all, so that no softmax is over nothing.
  func visibleKeys() throws -> Tensor? {
    guard let real = try attentionMask?.to(dtype: .bool), try !real.all().item(of: Bool.self) else {
      return nil
    }
    let isEmpty = try real.to(dtype: .int64).sum([1], keepDim: true).equal(0)
    return try real.logicalOr(isEmpty).unsqueezed(1).unsqueezed(1)
  }
}

extension Tensor {
  /// For a mask of real tokens, bool [batch, tokens], the place of each in its text: padding does not count.
  func countedPositions() throws -> Tensor {
    try (to(dtype: .int64).cumsum(1) - 1).clamped(min: 0).to(dtype: .int64)
  }
}
