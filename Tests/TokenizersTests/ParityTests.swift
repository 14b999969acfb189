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

  /// What is different about an encoding or its decoding, if anything is.
  private func difference(from golden: Golden.Case, _ tokenizer: Tokenizer) throws -> String? {
    let encoding = try tokenizer.truncating(truncation(golden)).padding(padding(golden)).encode(
      golden.text, pair: golden.pair, addSpecialTokens: golden.addsSpecialTokens)
    if let difference = difference(encoding, golden) { return difference }
    let overflowing = golden.value["overflowing"]?.arrayValue ?? []
    if encoding.overflowing.count != overflowing.count { return "number of overflowing parts" }
    for (part, value) in zip(encoding.overflowing, overflowing) {
      if let difference = difference(part, Golden.Case(value: value)) { return "\(difference) that overflow" }
    }
    if Array(try tokenizer.decode(golden.ids).utf8) != golden.bytes("decoded") { return "decoding" }
    let skipping = try tokenizer.decode(golden.ids, skipSpecialTokens: true)
    return Array(skipping.utf8) == golden.bytes("decoded_skipping") ? nil : "decoding without special tokens"
  }

  private func difference(_ encoding: Encoding, _ golden: Golden.Case) -> String? {
    if encoding.ids != golden.ids { return "ids" }
    if encoding.tokens.map({ Array($0.utf8) }) != golden.tokens.map({ Array($0.utf8) }) { return "tokens" }
    if encoding.offsets != golden.offsets { return "offsets" }
    if encoding.typeIDs != golden.numbers("type_ids") { return "type ids" }
    if encoding.specialTokensMask != golden.numbers("special_tokens_mask") { return "special tokens mask" }
    if encoding.attentionMask != golden.numbers("attention_mask") { return "attention mask" }
    if encoding.wordIDs != golden.optionals("word_ids") { return "word ids" }
    return encoding.sequenceIDs == golden.optionals("sequence_ids") ? nil : "sequence ids"
  }

  private func truncation(_ golden: Golden.Case) -> Truncation? {
    guard let value = golden.value["truncation"], let length = value["max_length"]?.intValue else {
      return nil
    }
    let strategies: [String: Truncation.Strategy] = ["only_first": .onlyFirst, "only_second": .onlySecond]
    return Truncation(
      maxLength: length, stride: value["stride"]?.intValue ?? 0,
      strategy: strategies[value["strategy"]?.stringValue ?? ""] ?? .longestFirst,
      direction: value["direction"]?.stringValue == "left" ? .left : .right)
  }

  private func padding(_ golden: Golden.Case) -> Padding? {
    guard let value = golden.value["padding"], let token = value["pad_token"]?.stringValue else { return nil }
    return Padding(
      length: value["length"]?.intValue,
      direction: value["direction"]?.stringValue == "left" ? .left : .right,
      multiple: value["pad_to_multiple_of"]?.intValue, id: value["pad_id"]?.intValue ?? 0,
      typeID: value["pad_type_id"]?.intValue ?? 0, token: token)
  }
}
