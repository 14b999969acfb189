/// Tokenized rows, ready to be put into batches.
public struct ExampleSet: Sendable {
  public var examples: [TokenizedExample]
  /// Tokens of a packed row; it grows to the longest example.
  public var packedLength: Int
  /// The id of padding tokens.
  public var padding: Int
  /// How tokens of examples that ask for it are hidden.
  public var masking: TokenMasking?
  /// What the user should know about the rows, such as how many were cut.
  public var warnings: [String]

  public init(
    _ examples: [TokenizedExample], packedLength: Int = 1024, padding: Int = 0,
    masking: TokenMasking? = nil, warnings: [String] = []
  ) {
    self.examples = examples
    self.packedLength = packedLength
    self.padding = padding
    self.masking = masking
    self.warnings = warnings
  }

  /// ``packedLength``, or more where an example needs it.
  public var packingCapacity: Int { max(packedLength, examples.map(\.ids.count).max() ?? 0) }
}
