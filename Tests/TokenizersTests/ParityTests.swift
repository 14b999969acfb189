import Foundation
import JSON
import Testing
import Tokenizers

/// The other half of `scripts/parity-tokenizers`: encodes again what the Python package encoded.
struct ParityTests {
  private static let cases = ProcessInfo.processInfo.environment["TOKENIZER_CASES"]

  @Test("encodes random strings as the Python package does", .enabled(if: cases != nil))
  func tokenizers() throws {
    let lines = try String(contentsOfFile: Self.cases ?? "", encoding: .utf8).utf8.split(separator: 0x0A)
    let path = try JSONValue.parse(try #require(lines.first)).stringValue ?? ""
    let tokenizer = try Tokenizer(path: path)
    var differences = 0
    for line in lines.dropFirst() {
      let golden = Golden.Case(value: try JSONValue.parse(line))
      let difference = try difference(from: golden, tokenizer)
      if difference == nil { continue }
      differences += 1
      if differences <= 10 {
        Issue.record("\(path): \(difference ?? "") of \(golden.value["text"]?.description ?? "")")
      }
    }
    print("\(path): \(lines.count - 1) strings, \(differences) differences")
    #expect(differences == 0)
  }

  /// What is different about an encoding, if anything is.
  private func difference(from golden: Golden.Case, _ tokenizer: Tokenizer) throws -> String? {
    let encoding = try tokenizer.encode(
      golden.text, pair: golden.pair, addSpecialTokens: golden.addsSpecialTokens)
    if encoding.ids != golden.ids { return "ids" }
    if encoding.tokens.map({ Array($0.utf8) }) != golden.tokens.map({ Array($0.utf8) }) { return "tokens" }
    if encoding.offsets != golden.offsets { return "offsets" }
    if encoding.typeIDs != golden.numbers("type_ids") { return "type ids" }
    if encoding.specialTokensMask != golden.numbers("special_tokens_mask") { return "special tokens mask" }
    if encoding.attentionMask != golden.numbers("attention_mask") { return "attention mask" }
    if encoding.wordIDs != golden.optionals("word_ids") { return "word ids" }
    if encoding.sequenceIDs != golden.optionals("sequence_ids") { return "sequence ids" }
    if Array(try tokenizer.decode(golden.ids).utf8) != golden.bytes("decoded") { return "decoding" }
    let skipping = try tokenizer.decode(golden.ids, skipSpecialTokens: true)
    return Array(skipping.utf8) == golden.bytes("decoded_skipping") ? nil : "decoding without special tokens"
  }
}
