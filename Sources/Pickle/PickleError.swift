/// A pickle or archive that cannot be read, or asks for something that is never done.
public struct PickleError: Error, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
