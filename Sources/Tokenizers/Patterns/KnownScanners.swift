/// The expressions that language models' tokenizers are known by, and the scanner written for each.

/// The scanner that finds exactly what `source` matches, where one has been written.
func knownScanner(_ source: String) -> (any Pattern)? {
  switch source {
  case KnownExpression.gpt2: GPT2Scanner()
  case KnownExpression.clip: CLIPScanner()
  case KnownExpression.spaces: SpaceScanner()
  case KnownExpression.qwen2: CL100KScanner(longestNumber: 1)
  case KnownExpression.llama3: CL100KScanner(longestNumber: 3)
  case KnownExpression.o200k: O200KScanner(longestNumber: 3, joinsContractions: true)
  case KnownExpression.tekken: O200KScanner(longestNumber: 1, joinsContractions: false)
  default: nil
  }
}

enum KnownExpression {
  static let gpt2 =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  static let clip =
    #"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#

  /// What CLIP and others put a single space in place of.
  static let spaces = #"\s+"#

  static let qwen2 = cl100k(number: #"\p{N}"#)
  static let llama3 = cl100k(number: #"\p{N}{1,3}"#)

  static let o200k = cased(contraction: "(?i:'s|'t|'re|'ve|'m|'ll|'d)?", number: #"\p{N}{1,3}"#)
  static let tekken = cased(contraction: "", number: #"\p{N}"#)

  /// Those that a scanner has been written for.
  static let all = [gpt2, clip, spaces, qwen2, llama3, o200k, tekken]

  private static func cl100k(number: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + number
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  private static func cased(contraction: String, number: String) -> String {
    let before = #"[^\r\n\p{L}\p{N}]?"#
    let high = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    let low = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    return before + high + "*" + low + "+" + contraction + "|" + before + high + "+" + low + "*" + contraction
      + "|" + number + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }
}
