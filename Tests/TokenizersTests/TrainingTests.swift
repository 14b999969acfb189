import JSON
import Testing
import Tokenizers

/// Training, against Hugging Face's trainers where they are deterministic.
struct TrainingTests {
  private static let lines =
    (try? Golden.json("training/corpus.json").arrayValue?.compactMap(\.stringValue)) ?? []

  @Test("learns the vocabulary and merges that the reference learns")
  func bpe() throws {
    let trainer = TokenizerTrainer.byteLevelBPE(vocabularySize: 400, specialTokens: ["<|end|>"])
    let json = try trainer.train(on: Self.lines)
    let reference = try Golden.json("training/byte-level.json")
    #expect(Self.lines.count > 100)
    #expect(json["model"]?["vocab"] == reference["model"]?["vocab"])
    #expect(json["model"]?["merges"] == reference["model"]?["merges"])
    let tokenizer = try Tokenizer(json: json)
    let text = "  Naïve 日本 🙂\n\t'quoted' <|end|>"
    #expect(try tokenizer.decode(tokenizer.encode(text).ids) == text)
    #expect(tokenizer.vocabularySize == 400)
  }

  @Test("limits alphabet, size and frequency as the reference does")
  func limits() throws {
    var trainer = TokenizerTrainer(.bpe, vocabularySize: 300)
    trainer.preTokenizer = ["type": "Whitespace"]
    trainer.specialTokens = ["<unk>"]
    trainer.unknownToken = "<unk>"
    trainer.alphabetLimit = 30
    trainer.minimumFrequency = 20
    let json = try trainer.train(on: Self.lines)
    let reference = try Golden.json("training/limited.json")
    #expect(json["model"]?["merges"] == reference["model"]?["merges"])
    #expect(json["model"]?["vocab"] == reference["model"]?["vocab"])
  }

  @Test("learns frequent words as whole tokens", arguments: TokenizerTrainer.Algorithm.allCases)
  func frequentWords(algorithm: TokenizerTrainer.Algorithm) throws {
    let trainer: TokenizerTrainer =
      switch algorithm {
      case .bpe: .byteLevelBPE(vocabularySize: 700)
      case .wordPiece: .bert(vocabularySize: 400)
      case .unigram: .unigram(vocabularySize: 200)
      }
    let json = try trainer.train(on: Self.lines)
    #expect(try json == trainer.train(on: Self.lines))
    let tokenizer = try Tokenizer(json: json)
    #expect(tokenizer.vocabularySize == trainer.vocabularySize)
    #expect(try tokenizer.encode(" the", addSpecialTokens: false).count == 1)
    #expect(try tokenizer.encode("the qqq", addSpecialTokens: false).count >= 2)
  }

  @Test("learns the pieces and scores of the reference's unigram trainer")
  func unigram() throws {
    let json = try TokenizerTrainer.unigram(vocabularySize: 200).train(on: Self.lines)
    let learned = scores(json)
    let reference = scores(try Golden.json("training/unigram.json"))
    #expect(learned.count == 200)
    #expect(Set(learned.keys) == Set(reference.keys))
    let expected = reference.values.filter { $0 < 0 }.min() ?? 0
    for (piece, score) in learned {
      // The reference gives characters that were dropped the lowest scores in an order left to chance.
      let tolerance = score < expected + 0.01 ? 0.01 : 1e-9 * abs(score)
      #expect(abs(score - (reference[piece] ?? .infinity)) <= tolerance, "\(piece)")
    }
  }

  private func scores(_ json: JSONValue) -> [String: Double] {
    let pairs = json["model"]?["vocab"]?.arrayValue?.map {
      ($0[0]?.stringValue ?? "", $0[1]?.doubleValue ?? .nan)
    }
    return Dictionary(pairs ?? []) { $1 }
  }

  @Test("refuses a vocabulary that cannot hold what it must")
  func tooSmall() {
    #expect(throws: TokenizerError.self) { try TokenizerTrainer.bert(vocabularySize: 5).train(on: ["a"]) }
    #expect(throws: TokenizerError.self) {
      try TokenizerTrainer.unigram(vocabularySize: 8).train(on: Self.lines)
    }
    var trainer = TokenizerTrainer(.bpe, vocabularySize: 100)
    trainer.unknownToken = "<unk>"
    #expect(throws: TokenizerError.self) { try trainer.train(on: ["a"]) }
  }
}
