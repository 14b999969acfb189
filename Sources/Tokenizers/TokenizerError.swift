/// What went wrong while loading or using a tokenizer, in one line that says what, where and how to fix it.
public struct TokenizerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The whole message.
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}
