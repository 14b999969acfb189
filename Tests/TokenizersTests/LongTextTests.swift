import Testing
import Tokenizers

/// Texts that are long, or repeat nothing.
struct LongTextTests {
  @Test("tokenizes a long line as it tokenizes its parts", .timeLimit(.minutes(15)))
  func longLine() throws {
    for name in [
      "pipelines/byte-level", "pipelines/bert-style", "pipelines/t5-style", "pipelines/llama-style",
    ] {
      let tokenizer = try Golden.tokenizer(name)
      let part = "The quick naïve 日本語 fox's 12345 jumps over 🙂 "
      let one = try tokenizer.encode(part, addSpecialTokens: false)
      let twice = try tokenizer.encode(part + part, addSpecialTokens: false)
      let added = Array(twice.ids.dropFirst(one.count))
      let count = 2_000
      let long = try tokenizer.encode(String(repeating: part, count: count), addSpecialTokens: false)
      #expect(long.count == one.count + (count - 1) * added.count, "\(name)")
      #expect(Array(long.ids.suffix(added.count)) == added, "\(name)")
      #expect(
        long.offsets.last?.upperBound
          == twice.offsets.last.map { $0.upperBound + (count - 2) * part.unicodeScalars.count })
    }
  }

  @Test("tokenizes one long word in time that grows with its length", .timeLimit(.minutes(15)))
  func longWord() throws {
    let word = String(repeating: "ab", count: 20_000)
    for name in [
      "pipelines/byte-level", "pipelines/llama-style", "pipelines/t5-style", "pipelines/bert-style",
    ] {
      let encoding = try Golden.tokenizer(name).encode(word, addSpecialTokens: false)
      #expect(encoding.byteOffsets.last?.upperBound == word.utf8.count, "\(name)")
    }
  }

  @Test("remembers no wrong piece when it meets more than it can remember", .timeLimit(.minutes(15)))
  func manyPieces() throws {
    let words = (0..<132_000).map { number in
      String((0..<4).map { Character(Unicode.Scalar(UInt8(97 + number / [1, 26, 676, 17_576][$0] % 26))) })
    }
    let last = words.suffix(1_000).joined(separator: " ")
    let tokenizer = try Golden.tokenizer("pipelines/clip-style")
    _ = try tokenizer.encode(words.joined(separator: " "), addSpecialTokens: false)
    let fresh = try Golden.tokenizer("pipelines/clip-style")
    #expect(try tokenizer.encode(last).ids == fresh.encode(last).ids)
  }
}
