/// The expressions that language models' tokenizers are known by, and the scanner written for each.

/// The scanner that finds exactly what `source` matches, where one has been written.
func knownScanner(_ source: String) -> (any Pattern)? {
  switch source {
  case KnownExpression.gpt2: GPT2Scanner()
  case KnownExpression.qwen2: CL100KScanner(longestNumber: 1)
  case KnownExpression.llama3: CL100KScanner(longestNumber: 3)
  default: nil
  }
}

enum KnownExpression {
  static let gpt2 =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  static let qwen2 = cl100k(number: #"\p{N}"#)
  static let llama3 = cl100k(number: #"\p{N}{1,3}"#)

  private static func cl100k(number: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + number
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }
}
