import Testing
import Tokenizers

/// Decoding token by token, and many texts at once.
struct StreamingTests {
  @Test("streams the text that decoding at once gives, in whole characters", arguments: Golden.pipelines)
  func streaming(name: String) throws {
    let tokenizer = try Golden.tokenizer(name)
    for golden in try Golden.cases(name) where golden.pair == nil {
      var stream = tokenizer.streamDecoder(skipSpecialTokens: true)
      var parts: [String] = []
      for id in golden.ids { if let part = try stream.append(id) { parts.append(part) } }
      if let rest = stream.finish() { parts.append(rest) }
      #expect(Array(parts.joined().utf8) == golden.bytes("decoded_skipping"), "\(name): \(golden.text)")
    }
  }

  @Test("holds back a character until its last byte is there")
  func wholeCharacters() throws {
    let tokenizer = try Golden.tokenizer("pipelines/byte-level")
    let ids = try tokenizer.encode("𝒳𝔘", addSpecialTokens: false).ids
    var stream = tokenizer.streamDecoder()
    let parts = try ids.map { try stream.append($0) }
    #expect(ids.count == 8)
    #expect(parts == [nil, nil, nil, "𝒳", nil, nil, nil, "𝔘"])
    #expect(stream.finish() == nil)
  }

  @Test("gives what is held back at the end")
  func unfinished() throws {
    let tokenizer = try Golden.tokenizer("pipelines/byte-level")
    let ids = try tokenizer.encode("a𝒳", addSpecialTokens: false).ids
    var stream = tokenizer.streamDecoder()
    for id in ids.dropLast() { _ = try stream.append(id) }
    #expect(stream.finish() == "\u{FFFD}")
  }

  @Test("encodes a batch as it encodes its texts one by one")
  func batch() throws {
    let tokenizer = try Golden.tokenizer("pipelines/llama-style")
    let texts = try Golden.cases("pipelines/llama-style").map(\.text)
    let batch = try tokenizer.encodeBatch(texts)
    #expect(try batch.map(\.ids) == texts.map { try tokenizer.encode($0).ids })
    #expect(try tokenizer.decodeBatch(batch.map(\.ids)) == batch.map { try tokenizer.decode($0.ids) })
    #expect(throws: TokenizerError.self) { try tokenizer.encodeBatch(["a", "b"], pairs: ["c"]) }
  }
}
