/// What stopped a training run, or kept it from starting, in one line that says how to go on.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
  public enum Code: Sendable {
    /// The data cannot be trained on.
    case data
    /// A loss or gradient is not a number any more.
    case diverged
    /// A parameter that should learn has no part in the loss.
    case noGradient
    /// Memory ran out.
    case memory
    /// A checkpoint is damaged, or belongs to another run.
    case checkpoint
    /// Somebody asked to stop; the state is saved.
    case interrupted
  }

  public let code: Code
  public let description: String

  public init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
