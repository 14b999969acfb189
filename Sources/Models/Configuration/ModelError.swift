/// A model that cannot be read, built, run or written: what, where, and how to mend it, in one line.
public struct ModelError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
