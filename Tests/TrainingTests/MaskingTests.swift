import Testing

@testable import Training

/// Tokens hidden at random: how many, as what, and that the same seed hides the same.
struct MaskingTests {
  private let masking = TokenMasking(maskID: 3, vocabularySize: 1000)

  private func example(_ count: Int, hides: Bool = true) -> TokenizedExample {
    let ids = (0..<count).map { Int32(100 + $0 % 800) }
    var labels = ids
    labels[0] = TokenizedExample.ignoredLabel
    var example = TokenizedExample(ids: ids, target: .tokens(labels))
    example.hidesTokens = hides
    return example
  }

  private func labels(_ example: TokenizedExample) -> [Int32] {
    if case .tokens(let labels) = example.target { labels } else { [] }
  }

  @Test func fifteenInAHundredAreChosen() {
    let (plain, count) = (example(20_000), 20_000.0)
    let hidden = masking.hidden(plain, seed: 1, step: 0, row: 0)
    let chosen = labels(hidden).indices.filter { labels(hidden)[$0] != TokenizedExample.ignoredLabel }
    #expect(abs(Double(chosen.count) / count - 0.15) < 0.01)
    let masked = chosen.count { hidden.ids[$0] == 3 }
    let kept = chosen.count { hidden.ids[$0] == plain.ids[$0] }
    #expect(abs(Double(masked) / Double(chosen.count) - 0.8) < 0.03)
    #expect(abs(Double(kept) / Double(chosen.count) - 0.1) < 0.03)
    #expect(chosen.allSatisfy { labels(hidden)[$0] == plain.ids[$0] })
    #expect(hidden.ids.indices.allSatisfy { chosen.contains($0) || hidden.ids[$0] == plain.ids[$0] })
  }

  @Test func theSameSeedStepAndRowHideTheSame() {
    let plain = example(200)
    let first = masking.hidden(plain, seed: 1, step: 4, row: 2)
    #expect(first == masking.hidden(plain, seed: 1, step: 4, row: 2))
    for other in [(2, 4, 2), (1, 5, 2), (1, 4, 3)] {
      #expect(first != masking.hidden(plain, seed: other.0, step: other.1, row: other.2))
    }
  }

  @Test func whatIsSpecialOrHiddenAlreadyStays() {
    let plain = example(50)
    for step in 0..<50 {
      let hidden = masking.hidden(plain, seed: 7, step: step, row: 0)
      #expect(hidden.ids[0] == plain.ids[0] && labels(hidden)[0] == TokenizedExample.ignoredLabel)
    }
    let fixed = example(50, hides: false)
    #expect(masking.hidden(fixed, seed: 1, step: 0, row: 0) == fixed)
  }
}
