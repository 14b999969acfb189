import JSON
import Testing

@testable import Tokenizers

/// Regular expressions against Oniguruma, and the hand-written scanners against the engine.
struct RegularExpressionTests {
  private struct Reference: CustomTestStringConvertible, Sendable {
    let expression: String
    let matches: JSONValue
    var testDescription: String { expression }
  }

  private static let json = (try? Golden.json("expressions.json")) ?? .null
  private static let texts = json["texts"]?.arrayValue?.compactMap(\.stringValue) ?? []
  private static let references = (json["matches"]?.arrayValue ?? []).map {
    Reference(expression: $0[0]?.stringValue ?? "", matches: $0[1] ?? .null)
  }

  @Test("matches what Oniguruma matches", arguments: references)
  private func oniguruma(reference: Reference) throws {
    let expression = try RegularExpression(reference.expression)
    for (text, expected) in zip(Self.texts, reference.matches.arrayValue ?? []) {
      #expect(try matches(expression, text) == Golden.ranges(expected), "\(text.debugDescription)")
    }
    #expect(reference.matches.arrayValue?.count == Self.texts.count)
  }

  @Test("scanners match what their expressions match", arguments: KnownExpression.all)
  func scanners(expression: String) throws {
    let scanner = try #require(knownScanner(expression))
    let engine = try RegularExpression(expression)
    var random = SystemRandomNumberGenerator()
    for text in Self.texts + (0..<400).map({ _ in randomText(&random) }) {
      #expect(try matches(scanner, text) == matches(engine, text), "\(text.debugDescription)")
    }
  }

  @Test(
    "refuses what is malformed",
    arguments: [
      "(", ")", "[a", "a{2,1}", "*a", "\\p{Nothing}", "\\p{L", "(?z:a)", "[b-a]", "(a)\\1", "\\K", "(?<=a+)b",
      "[a-\\d]", "\\x{110000}", "[[:nothing:]]", "a\\", String(repeating: "(", count: 500),
    ])
  func malformed(source: String) {
    #expect(throws: TokenizerError.self) { try RegularExpression(source) }
  }

  @Test("gives up in bounded time", .timeLimit(.minutes(15)))
  func bounded() throws {
    let text = String(repeating: "a", count: 300) + "b"
    // Without notes of empty loops dead ends are remembered, and even this is fast.
    #expect(try matches(RegularExpression("(a+)+c"), text).isEmpty)
    #expect(try matches(RegularExpression("(?:a|aa)+$"), text).isEmpty)
    #expect(throws: TokenizerError.self) { try matches(RegularExpression("(?:a*)*c"), text) }
  }

  /// The matches as ranges of scalars, without empty ones, which splitting drops.
  private func matches(_ pattern: any Pattern, _ text: String) throws -> [Range<Int>] {
    let aligned = try AlignedText(text)
    var found: [Span] = []
    try aligned.withBytes { try pattern.find(in: $0, 0..<aligned.count, &found) }
    return aligned.bytes.withUnsafeBufferPointer { bytes in
      var cursor = ScalarCursor(UnsafeBufferPointer(rebasing: bytes[..<aligned.count]))
      return found.filter { !$0.isEmpty }.map { cursor.characters(of: $0) }
    }
  }

  private func randomText(_ random: inout SystemRandomNumberGenerator) -> String {
    let parts = [
      " ", "  ", "\n", "\r\n", "\t", "a", "B", "Ça", "ſ", "'s", "'LL", "'", "1", "234", "²", ".", "//",
      "\u{301}", "日",
      "ʰ", "ǅ", "\u{85}", "\u{A0}", "👍🏽", "ไม่", "É", "x", "<|endoftext|>",
      "<|startoftext|>", "<|end", "\u{1C}",
    ]
    return (0..<Int.random(in: 0..<14, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }
      .joined()
  }
}
