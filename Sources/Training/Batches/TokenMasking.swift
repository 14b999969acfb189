/// Hides tokens at random, for a model that learns to name them: of those chosen, 80 % become the token that hides
/// others, 10 % any token, and 10 % stay.
///
/// Source: Devlin et al. 2019, "BERT", section 3.1; anew in every epoch as in Liu et al. 2019, "RoBERTa", section 4.1.
public struct TokenMasking: Sendable, Hashable {
  /// The token that hides others.
  public var maskID: Int
  public var vocabularySize: Int
  /// The share of tokens that is chosen.
  public var share: Double

  public init(maskID: Int, vocabularySize: Int, share: Double = 0.15) {
    (self.maskID, self.vocabularySize, self.share) = (maskID, vocabularySize, share)
  }

  /// The example with tokens hidden and labels for them alone; as it is when it does not ask for that.
  ///
  /// The same seed, step and row hide the same tokens.
  func hidden(_ example: TokenizedExample, seed: Int, step: Int, row: Int) -> TokenizedExample {
    guard example.hidesTokens, case .tokens(let labels) = example.target else { return example }
    var dice = MaskingDice(seed: seed, step: step, row: row)
    var (changed, targets) = (example, labels)
    for place in labels.indices where labels[place] != TokenizedExample.ignoredLabel {
      guard dice.next() < share else {
        targets[place] = TokenizedExample.ignoredLabel
        continue
      }
      let fate = dice.next()
      if fate < 0.8 {
        changed.ids[place] = Int32(clamping: maskID)
      } else if fate < 0.9 {
        changed.ids[place] = Int32(
          clamping: min(vocabularySize - 1, Int(dice.next() * Double(vocabularySize))))
      }
    }
    changed.target = .tokens(targets)
    return changed
  }
}

/// Random numbers that depend on the seed, the step and the row alone.
///
/// Source: Steele et al. 2014, "Fast Splittable Pseudorandom Number Generators" (SplitMix64).
private struct MaskingDice {
  private var state: UInt64

  init(seed: Int, step: Int, row: Int) {
    state = 0
    for part in [seed, step, row] {
      state ^= UInt64(bitPattern: Int64(part))
      state = word()
    }
  }

  /// From 0 to below 1.
  mutating func next() -> Double { Double(word() >> 11) * 0x1p-53 }

  private mutating func word() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
