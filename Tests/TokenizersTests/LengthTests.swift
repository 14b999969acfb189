import Testing
import Tokenizers

/// Cutting and filling up encodings.
struct LengthTests {
  private let tokenizer: Tokenizer

  init() throws { tokenizer = try Golden.tokenizer("pipelines/bert-style") }

  @Test("cuts to the length asked for, special tokens included, and keeps what it cut off")
  func truncation() throws {
    let text = "the cat runs over the house behind the tree"
    let whole = try tokenizer.encode(text)
    let cut = try tokenizer.truncating(Truncation(maxLength: 6, stride: 1)).encode(text)
    #expect(cut.ids == [2] + whole.ids[1..<5] + [3])
    #expect(cut.overflowing.first?.ids == [2] + whole.ids[4..<8] + [3])
    #expect(cut.overflowing.allSatisfy { $0.count <= 6 })
    let left = try tokenizer.truncating(Truncation(maxLength: 6, direction: .left)).encode(text)
    #expect(left.ids == [2] + whole.ids.suffix(5))
    #expect(try tokenizer.truncating(nil).encode(text).ids == whole.ids)
  }

  @Test("shares the room between two texts, or takes it all from one")
  func pairs() throws {
    let first = "the cat runs"
    let second = "the dog sleeps behind the quiet house"
    func counts(_ strategy: Truncation.Strategy, maxLength: Int = 11) throws -> [Int] {
      let cut = Truncation(maxLength: maxLength, strategy: strategy)
      let sequences = try tokenizer.truncating(cut).encode(first, pair: second).sequenceIDs
      return [sequences.count { $0 == 0 }, sequences.count { $0 == 1 }]
    }
    let alone = try [first, second].map { try tokenizer.encode($0, addSpecialTokens: false).count }
    #expect(try counts(.longestFirst) == [min(alone[0], 4), 8 - min(alone[0], 4)])
    #expect(try counts(.onlySecond) == [alone[0], 8 - alone[0]])
    #expect(try counts(.onlyFirst) == [8 - alone[1], alone[1]])
    #expect(throws: TokenizerError.self) { try counts(.onlyFirst, maxLength: 3 + alone[1]) }
  }

  @Test(
    "says of which text overflowing parts are as the reference does, which without a post-processor loses track"
  )
  func overflowingSequences() throws {
    let tokenizer = try Golden.tokenizer("pipelines/falcon-style").truncating(Truncation(maxLength: 0))
    let cut = try tokenizer.encode("the cat", pair: "the dog", addSpecialTokens: false)
    #expect(cut.overflowing.map { Set($0.sequenceIDs) } == [[0], [0], [nil]])
  }

  @Test("refuses lengths that leave no room")
  func impossible() {
    #expect(throws: TokenizerError.self) {
      try tokenizer.truncating(Truncation(maxLength: 1)).encode("the cat")
    }
    #expect(throws: TokenizerError.self) {
      try tokenizer.truncating(Truncation(maxLength: 4, stride: 2)).encode("the cat runs over the house")
    }
    #expect(throws: TokenizerError.self) {
      try tokenizer.truncating(Truncation(maxLength: 4, strategy: .onlySecond)).encode("the cat runs over")
    }
  }

  @Test("fills a batch up to its longest, or to a multiple")
  func padding() throws {
    let texts = ["the", "the cat runs over the house"]
    let batch = try tokenizer.padding(Padding(id: 0, typeID: 1, token: "[PAD]")).encodeBatch(texts)
    #expect(batch[0].count == batch[1].count)
    #expect(batch[0].attentionMask.reduce(0, +) == 3)
    #expect(batch[0].tokens.last == "[PAD]")
    #expect(batch[0].typeIDs.last == 1)
    #expect(batch[0].specialTokensMask == [1, 0] + Array(repeating: 1, count: batch[0].count - 2))
    let left = try tokenizer.padding(Padding(direction: .left, multiple: 8)).encode("the")
    #expect(left.count == 8)
    #expect(left.attentionMask == [0, 0, 0, 0, 0, 1, 1, 1])
    #expect(left.offsets[6] == 0..<3)
  }
}
