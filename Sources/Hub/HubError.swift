/// What went wrong with the hub: one line of the form WHAT, WHERE: HOW TO FIX.
public struct HubError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure, for callers that react differently to each.
  public enum Code: Sendable, Hashable {
    /// The request makes no sense: an id that is none, a token that is missing.
    case usage
    /// The hub has no such repository, revision or file, or what it sends is wrong.
    case notFound
    /// The hub refuses: the repository is private or gated, or the token may not do this.
    case refused
    /// The hub cannot be reached, or does not answer as it should.
    case unavailable
  }

  public let code: Code
  public let description: String

  public init(_ code: Code, _ description: String) { (self.code, self.description) = (code, description) }
}
