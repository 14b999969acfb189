import Testing

@testable import JSON

/// The expected texts are what Python's `json.dumps` writes with the same options.
@Suite("Writing JSON")
struct SerializingTests {
  static let sample: JSONValue = [
    "b": [1, .number(JSONNumber(literal: "2.5")), ["x": nil]], "a": [:], "c": [],
    "\u{E9}\u{1F600}\u{7F}\u{1}/\"\\\n": "\t\u{8}\u{C}\r\u{1F}~", "e\u{301}": true, "\u{E9}": false,
    "": "\u{FFFF}\u{E000}\u{1F600}",
  ]

  @Test("One line")
  func plain() {
    #expect(
      Self.sample.serialized() == #"""
        {"b": [1, 2.5, {"x": null}], "a": {}, "c": [], "\u00e9\ud83d\ude00\u007f\u0001/\"\\\n": "\t\b\f\r\u001f~", "e\u0301": true, "\u00e9": false, "": "\uffff\ue000\ud83d\ude00"}
        """#)
  }

  @Test("Compact separators")
  func compact() {
    #expect(
      Self.sample.serialized(compact: true) == #"""
        {"b":[1,2.5,{"x":null}],"a":{},"c":[],"\u00e9\ud83d\ude00\u007f\u0001/\"\\\n":"\t\b\f\r\u001f~","e\u0301":true,"\u00e9":false,"":"\uffff\ue000\ud83d\ude00"}
        """#)
  }

  @Test("Sorted keys")
  func sorted() {
    #expect(
      Self.sample.serialized(sortedKeys: true) == #"""
        {"": "\uffff\ue000\ud83d\ude00", "a": {}, "b": [1, 2.5, {"x": null}], "c": [], "e\u0301": true, "\u00e9": false, "\u00e9\ud83d\ude00\u007f\u0001/\"\\\n": "\t\b\f\r\u001f~"}
        """#)
  }

  @Test("Sorting is by code point, not by UTF-16")
  func codePointOrder() {
    let value: JSONValue = ["\u{1F600}": 1, "\u{FFFF}": 2, "Z": 3, "a": 4, "": 5, "aa": 6]
    #expect(
      value.serialized(sortedKeys: true, compact: true)
        == #"{"":5,"Z":3,"a":4,"aa":6,"\uffff":2,"\ud83d\ude00":1}"#)
  }

  @Test("Unescaped")
  func unescaped() {
    let expected =
      #"{"b": [1, 2.5, {"x": null}], "a": {}, "c": [], "\#u{E9}\#u{1F600}\#u{7F}\u0001/\"\\\n": "\t\b\f\r\u001f~","#
      + #" "e\#u{301}": true, "\#u{E9}": false, "": "\#u{FFFF}\#u{E000}\#u{1F600}"}"#
    #expect(Array(Self.sample.serialized(ascii: false).utf8) == Array(expected.utf8))
  }

  @Test("Indented")
  func indented() {
    let value: JSONValue = ["b": [1, ["x": nil], []], "a": [:], "c": "d"]
    #expect(
      value.serialized(indent: 2) == """
        {
          "b": [
            1,
            {
              "x": null
            },
            []
          ],
          "a": {},
          "c": "d"
        }
        """)
    #expect(value.serialized(indent: 0, compact: true).hasPrefix("{\n\"b\":[\n1,\n{\n\"x\":null\n},\n[]\n],"))
    #expect((["k": [1]] as JSONValue).serialized(indent: 1) == "{\n \"k\": [\n  1\n ]\n}")
  }

  @Test(
    "Doubles are spelled as repr spells them",
    arguments: [
      (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (1e-5, "1e-05"), (3e-4, "0.0003"), (1e-4, "0.0001"),
      (0.1, "0.1"), (1e15, "1000000000000000.0"), (1e16, "1e+16"), (1e17, "1e+17"),
      (123456789012345678.0, "1.2345678901234568e+17"), (1e22, "1e+22"), (1.5e300, "1.5e+300"),
      (.leastNonzeroMagnitude, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"), (-2.5, "-2.5"),
      (100.0, "100.0"),
      (0.00012345, "0.00012345"), (1.0 / 3, "0.3333333333333333"), (0x1p53, "9007199254740992.0"),
      (0x1p54, "1.8014398509481984e+16"), (0x1p63, "9.223372036854776e+18"), (.nan, "NaN"),
      (.infinity, "Infinity"), (-.infinity, "-Infinity"), (9999999999999998.0, "9999999999999998.0"),
      (12345.678e10, "123456780000000.0"), (-1.25e-7, "-1.25e-07"),
    ])
  func doubles(value: Double, spelling: String) {
    #expect(JSONValue.double(value).serialized() == spelling)
  }
}
