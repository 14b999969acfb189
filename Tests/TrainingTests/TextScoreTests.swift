import Foundation
import JSON
import Testing

@testable import Training

/// BLEU and ROUGE against sacreBLEU and rouge-score.
struct TextScoreTests {
  private static let file =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/texts/scores.json"

  @Test func tokensAreSacreBLEUs() throws {
    let pairs = try #require(try JSONValue.parse(contentsOf: Self.file)["pairs"]?.arrayValue)
    #expect(pairs.count == 7)
    for pair in pairs {
      let right = pair["tokens"]?.arrayValue?.compactMap(\.stringValue)
      #expect(BLEU.tokens(try #require(pair["text"]?.stringValue)) == right)
    }
  }

  @Test func scoresAreTheReferences() throws {
    let golden = try JSONValue.parse(contentsOf: Self.file)
    let all = try #require(golden["pairs"]?.arrayValue).map {
      (text: $0["text"]?.stringValue ?? "", references: [$0["reference"]?.stringValue ?? ""])
    }
    for group in try #require(golden["scores"]?.arrayValue) {
      let pairs = try #require(group["pairs"]?.arrayValue).compactMap(\.intValue).map { all[$0] }
      let bleu = try #require(group["bleu"]?.doubleValue)
      #expect(abs(BLEU.score(pairs) - bleu) < 1e-9)
      for kind in ROUGE.allCases {
        let right = try #require(group[kind.rawValue]?.doubleValue)
        #expect(abs(kind.score(pairs) - right) < 1e-12)
      }
    }
  }

  @Test func ofSeveralReferencesTheBestCounts() throws {
    let golden = try #require(try JSONValue.parse(contentsOf: Self.file)["several"])
    let pairs = try #require(golden["texts"]?.arrayValue).map {
      (
        text: $0["text"]?.stringValue ?? "",
        references: $0["references"]?.arrayValue?.compactMap(\.stringValue) ?? []
      )
    }
    #expect(abs(BLEU.score(pairs) - (try #require(golden["bleu"]?.doubleValue))) < 1e-9)
    for kind in ROUGE.allCases {
      #expect(abs(kind.score(pairs) - (try #require(golden[kind.rawValue]?.doubleValue))) < 1e-12)
    }
  }

  @Test func nothingScoresNothing() {
    #expect(BLEU.score([]) == 0 && ROUGE.rougeL.score([]) == 0)
    #expect(BLEU.score([("", [""])]) == 0 && ROUGE.rouge2.score([("one", ["one"])]) == 0)
  }
}
