import JSON
import Testing
import Tokenizers

/// Everything an encoding says, against the reference, for every reference tokenizer.
struct GoldenTests {
  @Test("encodes and decodes as the reference does", arguments: Golden.pipelines + Golden.layouts)
  func reference(name: String) throws {
    let tokenizer = try Golden.tokenizer(name)
    let cases = try Golden.cases(name)
    #expect(cases.count > 20)
    for golden in cases {
      let encoding = try tokenizer.encode(
        golden.text, pair: golden.pair, addSpecialTokens: golden.addsSpecialTokens)
      let comment: Comment = "\(name): \(golden.text.debugDescription) \(golden.pair ?? "")"
      #expect(encoding.ids == golden.ids, comment)
      #expect(encoding.tokens.map { Array($0.utf8) } == golden.tokens.map { Array($0.utf8) }, comment)
      #expect(encoding.offsets == golden.offsets, comment)
      #expect(encoding.typeIDs == golden.numbers("type_ids"), comment)
      #expect(encoding.specialTokensMask == golden.numbers("special_tokens_mask"), comment)
      #expect(encoding.attentionMask == golden.numbers("attention_mask"), comment)
      #expect(encoding.wordIDs == golden.optionals("word_ids"), comment)
      #expect(encoding.sequenceIDs == golden.optionals("sequence_ids"), comment)
      // Transformers gives this class a decoding of its own.
      if name.hasSuffix("clip-files") { continue }
      #expect(Array(try tokenizer.decode(encoding.ids).utf8) == golden.bytes("decoded"), comment)
      #expect(
        Array(try tokenizer.decode(encoding.ids, skipSpecialTokens: true).utf8)
          == golden.bytes("decoded_skipping"), comment)
    }
  }

  @Test("byte offsets are the character offsets in bytes", arguments: Golden.pipelines)
  func byteOffsets(name: String) throws {
    let tokenizer = try Golden.tokenizer(name)
    for golden in try Golden.cases(name) where golden.pair == nil {
      let encoding = try tokenizer.encode(golden.text, addSpecialTokens: golden.addsSpecialTokens)
      let lengths = golden.text.unicodeScalars.map { String($0).utf8.count }
      let starts = lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
      for (bytes, characters) in zip(encoding.byteOffsets, encoding.offsets)
      where characters.upperBound < starts.count && bytes.upperBound <= golden.text.utf8.count {
        #expect(bytes == starts[characters.lowerBound]..<starts[characters.upperBound])
      }
    }
  }

  @Test("gives special tokens the ids that transformers gives them", arguments: Golden.layouts)
  func roles(name: String) throws {
    let tokenizer = try Golden.tokenizer(name)
    for (role, id) in try Golden.json("\(name)/roles.json").objectValue?.members ?? [] {
      #expect(tokenizer.specialTokens.id(role) == id.intValue, "\(role)")
    }
  }
}
