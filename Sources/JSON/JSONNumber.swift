/// A JSON number as it was written, so that writing it back changes nothing.
public struct JSONNumber: Sendable {
  public let literal: String

  init(literal: String) { self.literal = literal }
}
