import Testing

@testable import JSON

@Suite("Reading JSON")
struct ParsingTests {
  /// Texts that Python's `json.loads` refuses too.
  @Test(
    "Malformed text is refused",
    arguments: [
      "", "  ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
      "{a:1}", "{'a':1}", "01", "-", "-01", "1.", ".5", "1e", "1e+", "+1", "1.e1", "tru", "truex", "nul",
      "Nan", "-NaN", "inf", "Infinity1", "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\t\"",
      "\"\n\"", "[1 2]", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "1 2", "[]]", "{}{}", "//1", "[1,,2]", "]", "}",
      ":", ",", "\"a\" :", "\0", "1\0", "\"\0\"", "nan", "TRUE", "0x10", "1_0", "\u{A0}1", "\"\\U1234\"",
      "{1:2}", "{null:1}", "[1}", "{\"a\":1]", "-Infinit", "--1", "0e", "00", "1e5.5", "\"\\u",
      "\"\\ud800\\u",
    ])
  func refuses(text: String) {
    #expect(throws: JSONError.self) { try JSONValue.parse(text) }
  }

  @Test(
    "Well-formed text reads as Python reads it",
    arguments: [
      ("0", 0), ("-0", 0), ("1e5", 100_000.0), (" [ ] ", []), ("{ }", [:]), ("\t\r\n1", 1), ("true", true),
      ("[[[]]]", [[[]]]), ("\"\u{7F}\"", "\u{7F}"), ("null", nil),
      ("\u{FEFF}{\"a\":[1,false]}", ["a": [1, false]]),
      ("\"\\u00e9\\/\\b\\f\\n\\r\\t\\\"\\\\\"", "\u{E9}/\u{08}\u{0C}\n\r\t\"\\"),
      ("\"\\ud83d\\ude00\"", "\u{1F600}"), ("\"\\ud800\"", "\u{FFFD}"), ("\"\\ud800\\u0041\"", "\u{FFFD}A"),
      ("\"\\ude00\\ud83d\"", "\u{FFFD}\u{FFFD}"), ("\"\\ud83d\\ud83d\\ude00\"", "\u{FFFD}\u{1F600}"),
      ("{\"a\":1,\"b\":2,\"a\":3}", ["a": 3, "b": 2]),
    ] as [(String, JSONValue)])
  func accepts(text: String, value: JSONValue) throws {
    #expect(try JSONValue.parse(text) == value)
  }

  @Test("A repeated key stands at its first place with its last value, or is refused on demand")
  func duplicateKeys() throws {
    let text = "{\"a\":1,\"b\":2,\n \"a\":3}"
    #expect(try JSONValue.parse(text).serialized() == "{\"a\": 3, \"b\": 2}")
    let error = #expect(throws: JSONError.self) { try JSONValue.parse(text, duplicateKeys: .error) }
    #expect(error?.description == "line 2, column 2: duplicate key \"a\"")
    #expect(throws: Never.self) { try JSONValue.parse("{\"a\":{\"a\":1}}", duplicateKeys: .error) }
  }

  @Test(
    "Errors say where",
    arguments: [
      ("{\"a\": 1\n \"b\": 2}", 2, 2, 9, "expected ',' or '}'"),
      ("[\"\u{E9}\u{1F600}\", x]", 1, 8, 11, "expected a value"),
      ("[1,\n\n", 3, 1, 5, "expected a value, but the text ends here"),
      ("[1] 2", 1, 5, 4, "unexpected text after the end of the value"),
      ("\"a\\q\"", 1, 3, 2, "invalid escape in a string"),
      ("\"a\n\"", 1, 3, 2, "a control character in a string must be escaped"),
    ])
  func places(text: String, line: Int, column: Int, offset: Int, message: String) {
    let error = #expect(throws: JSONError.self) { try JSONValue.parse(text) }
    #expect(error?.line == line)
    #expect(error?.column == column)
    #expect(error?.offset == offset)
    #expect(error?.message == message)
    #expect(error?.description == "line \(line), column \(column): \(message)")
  }

  @Test("Nesting is limited, not the stack", arguments: ["[", "{\"k\":"])
  func depth(opening: String) throws {
    let closing = opening == "[" ? "]" : "}"
    func nested(_ depth: Int) -> String {
      String(repeating: opening, count: depth) + "0" + String(repeating: closing, count: depth)
    }
    let deepest = try JSONValue.parse(nested(JSONValue.depthLimit))
    #expect(try JSONValue.parse(deepest.serialized()) == deepest)
    #expect(throws: JSONError.self) { try JSONValue.parse(nested(JSONValue.depthLimit + 1)) }
    #expect(throws: JSONError.self) { try JSONValue.parse(String(repeating: opening, count: 1_000_000)) }
  }

  /// Each is placed after more than eight ASCII bytes, so that both paths of the validation see some.
  @Test(
    "Ill-formed UTF-8 is refused",
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x9F, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82],
      [0xF0, 0x8F, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
      [0xE2, 0x82, 0x41], [0xF0, 0x9F, 0x98, 0x41],
    ] as [[UInt8]], ["\"", "\"0123456789"])
  func illFormed(bytes: [UInt8], prefix: String) {
    let text = Array(prefix.utf8) + bytes
    for suffix in [[], Array("\"".utf8)] {
      let error = #expect(throws: JSONError.self) { try JSONValue.parse(text + suffix) }
      #expect(error?.message == "invalid UTF-8")
      #expect(error?.offset == prefix.utf8.count)
    }
  }

  @Test("Every scalar survives reading and writing, escaped or not", arguments: [true, false])
  func everyScalar(ascii: Bool) throws {
    let scalars = (0...0x10FFFF).lazy.filter { $0 % 7 == 0 || $0 < 0x3000 || $0 > 0xD700 && $0 < 0xE100 }
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars.compactMap { Unicode.Scalar(UInt32($0)) })
    let back = try JSONValue.parse(JSONValue.string(text).serialized(ascii: ascii)).stringValue
    #expect(back.map { Array($0.utf8) } == Array(text.utf8))
  }

  @Test("A missing file and a broken one are named")
  func files() throws {
    #expect(throws: (any Error).self) { try JSONValue.parse(contentsOf: "/no/such/folder/config.json") }
    do {
      _ = try JSONValue.parse(contentsOf: #filePath)
      Issue.record("this file is not JSON")
    } catch {
      #expect("\(error)" == "\(#filePath), line 1, column 1: expected a value")
    }
  }
}
