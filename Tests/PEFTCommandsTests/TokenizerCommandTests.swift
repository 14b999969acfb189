import Files
import JSON
import PEFTCommands
import Testing
import Tokenizers

/// `peft train-tokenizer` and the timing of tokenizers as scripts call them.
@Suite(.serialized) struct TokenizerCommandTests {
  private func corpus(_ scratch: Scratch) throws -> String {
    let corpus = try JSONValue.parse(contentsOf: Golden.path("tokenizers/training/corpus.json"))
    let lines = corpus.arrayValue?.compactMap(\.stringValue) ?? []
    return try scratch.file("corpus.txt", lines.joined(separator: "\n\n") + "\n")
  }

  @Test(arguments: ["bpe", "wordpiece", "unigram"])
  func aTrainedTokenizerOpens(_ algorithm: String) async throws {
    let scratch = try Scratch()
    let size = ["bpe": 400, "wordpiece": 300, "unigram": 200][algorithm, default: 0]
    let code = await Program.run([
      "train-tokenizer", try corpus(scratch), "--algorithm", algorithm, "--vocab-size", "\(size)",
      "--special-tokens", "<|endoftext|>,<s>", "--output", scratch.path("made"), "--quiet",
    ])
    #expect(code == 0)
    let tokenizer = try Tokenizer.load(folder: scratch.path("made"))
    #expect(tokenizer.vocabularySize == size)
    let marks = try tokenizer.encode("<s><|endoftext|>", addSpecialTokens: false)
    #expect(marks.tokens == ["<s>", "<|endoftext|>"])
    let roles = tokenizer.specialTokens
    #expect(roles.bosTokenID == marks.ids[0])
    // T5's own end comes first.
    let end =
      algorithm == "unigram" ? try tokenizer.encode("</s>", addSpecialTokens: false).ids[0] : marks.ids[1]
    #expect(roles.eosTokenID == end)
    let text = "the people of the world"
    #expect(
      try tokenizer.decode(tokenizer.encode(text, addSpecialTokens: false).ids, skipSpecialTokens: true)
        == text)
    let timed = await Program.run([
      "bench", "--model", scratch.path("made"), "--tokenize", scratch.path("corpus.txt"), "--steps", "1",
      "--json",
    ])
    #expect(timed == 0)
  }

  @Test("keeps pairs that are rare apart") func rarePairs() async throws {
    let scratch = try Scratch()
    let code = await Program.run([
      "train-tokenizer", try corpus(scratch), "--vocab-size", "100000", "--min-frequency", "50", "--output",
      scratch.path("made"), "--quiet",
    ])
    #expect(code == 0)
    let size = try Tokenizer.load(folder: scratch.path("made")).vocabularySize
    #expect(size > 256 && size < 1000)
  }

  @Test(
    arguments: [
      (["--vocab-size", "400", "--algorithm", "bpee"], 64), (["--vocab-size", "0"], 64),
      (["--vocab-size", "300", "--algorithm", "unigram", "--min-frequency", "2"], 64),
      (["--vocab-size", "400", "nowhere.txt"], 65), (["--vocab-size", "5", "--algorithm", "wordpiece"], 65),
    ] as [([String], Int32)])
  func mistakesHaveTheirExitCode(_ arguments: [String], _ code: Int32) async throws {
    let scratch = try Scratch()
    let command = ["train-tokenizer", try corpus(scratch), "--output", scratch.path("made"), "--quiet"]
    #expect(await Program.run(command + arguments) == code)
    #expect(!Folder.exists(scratch.path("made")))
  }

  @Test func textThatIsNotUTF8IsRefused() async throws {
    let scratch = try Scratch()
    try AtomicFile.write(scratch.path("bad.txt"), [0x61, 0xFF, 0x0A])
    let code = await Program.run([
      "train-tokenizer", scratch.path("bad.txt"), "--vocab-size", "300", "--output", scratch.path("made"),
    ])
    #expect(code == 65)
  }
}
