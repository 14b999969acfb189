import Foundation
import JSON
import Testing

@testable import Tokenizers

/// What is refused when tokenizers are loaded, and how it is said.
struct LoadingTests {
  private func document(_ changes: (String, JSONValue)...) -> JSONValue {
    var object = JSONObject()
    object.updateValue(
      ["type": "WordLevel", "vocab": ["[UNK]": 0, "a": 1], "unk_token": "[UNK]"], forKey: "model")
    for (key, value) in changes { object.updateValue(value, forKey: key) }
    return .object(object)
  }

  private func message(_ json: JSONValue) -> String {
    do {
      _ = try Tokenizer(json: json)
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  /// What is put where, and a part of what is said of it.
  private static let unknowns: [(key: String, json: String, part: String)] = [
    ("normalizer", #"{"type":"Magic"}"#, #"normalizer "Magic""#),
    ("pre_tokenizer", #"{"type":"Sequence","pretokenizers":[{"type":"Magic"}]}"#, "pretokenizers[0]"),
    ("post_processor", #"{"type":"Magic"}"#, #"post-processor "Magic""#),
    ("decoder", #"{"type":"Magic"}"#, #"decoder "Magic""#),
    ("model", #"{"type":"Magic","vocab":{}}"#, #"model "Magic""#),
    ("model", #"{"type":"BPE","vocab":{"a":0},"merges":["a b"]}"#, #""b""#),
    ("model", #"{"type":"BPE","vocab":{"a":0},"merges":["a"]}"#, "merges[0]"),
    ("model", #"{"type":"BPE","vocab":{"a":0}}"#, "merges"),
    ("model", #"{"type":"WordLevel","vocab":{"a":-1},"unk_token":"a"}"#, "-1"),
    ("model", #"{"type":"WordLevel","vocab":{"a":60000000},"unk_token":"a"}"#, "60000000"),
    ("model", #"{"type":"Unigram","unk_id":7,"vocab":[["a",-1]]}"#, "unk_id"),
    ("version", #""2.0""#, "2.0"),
    ("truncation", #"{"max_length":5,"stride":0,"strategy":"Some"}"#, "strategy"),
    ("padding", #"{"strategy":"BatchLongest","direction":"Up"}"#, "direction"),
    ("added_tokens", #"[{"id":5}]"#, "added_tokens[0].content"),
    (
      "pre_tokenizer", #"{"type":"Split","pattern":{"Regex":"("},"behavior":"Removed"}"#, "regular expression"
    ),
    ("pre_tokenizer", #"{"type":"Split","pattern":{"String":"a"},"behavior":"Gone"}"#, "behavior"),
    ("pre_tokenizer", #"{"type":"Metaspace","replacement":"ab"}"#, "replacement"),
    (
      "post_processor", #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}]}"#,
      "special_tokens"
    ),
  ]

  /// Escapes, characters of several bytes and ends at every place of the words that text is read by.
  @Test("reads tokens of every length", arguments: 0..<20)
  private func lengths(count: Int) throws {
    let plain = String(repeating: "x", count: count)
    for (written, read) in [
      ("", ""), (#"\""#, "\""), (#"\\"#, "\\"), (#"\u00e9"#, "é"), ("é", "é"), (#"\ud83d\ude42"#, "🙂"),
      ("日本", "日本"),
    ] {
      for (written, read) in [(plain + written, plain + read), (written + plain + "y", read + plain + "y")] {
        let text = #"{"model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "\#(written)": 7}}}"#
        let bytes = Array(text.utf8)
        let parts = try bytes.withUnsafeBufferPointer { try TokenizerJSON($0).parts() }
        #expect(parts.model.vocabulary.string(7) == read)
        #expect(parts.model.vocabulary.id(read) == 7)
      }
    }
  }

  @Test("refuses what JSON has no place for in a string", arguments: 0..<20)
  private func noControl(count: Int) throws {
    for bad in [[0x01], [0x0A], [0xFF], [0xC3, 0x28]] as [[UInt8]] {
      let plain = [UInt8](repeating: 0x78, count: count)
      let bytes = Array(#"{"model": {"vocab": {""#.utf8) + plain + bad + Array(#"xxxxxxxxxx": 0}}}"#.utf8)
      #expect(throws: TokenizerError.self) {
        try bytes.withUnsafeBufferPointer { _ = try TokenizerJSON($0) }
      }
    }
  }

  @Test("names what it does not know", arguments: unknowns)
  private func unknown(key: String, json: String, part: String) throws {
    let message = message(document((key, try JSONValue.parse(json))))
    #expect(message.contains(part), "\(message)")
    #expect(!message.contains("\n"))
  }

  @Test("reads a document without a type for its model as the original does")
  func untyped() throws {
    let wordPiece: JSONValue = [
      "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
      "vocab": ["[UNK]": 0, "a": 1, "##b": 2],
    ]
    #expect(try Tokenizer(json: document(("model", wordPiece))).encode("ab").tokens == ["a", "##b"])
    let bpe: JSONValue = ["vocab": ["a": 0, "b": 1, "ab": 2], "merges": [["a", "b"]]]
    #expect(try Tokenizer(json: document(("model", bpe))).encode("aab").tokens == ["a", "ab"])
    let unigram: JSONValue = ["unk_id": 0, "vocab": [["<unk>", 0], ["a", -1.5], ["aa", -2]]]
    #expect(try Tokenizer(json: document(("model", unigram))).encode("aaa").tokens == ["a", "aa"])
  }

  @Test("says which folder has no tokenizer")
  func noTokenizer() {
    let error = #expect(throws: TokenizerError.self) { try Tokenizer.load(folder: "/nowhere/at/all") }
    #expect(error?.message.contains("/nowhere/at/all") == true)
    #expect(throws: TokenizerError.self) { try Tokenizer(path: "/nowhere/tokenizer.json") }
  }

  @Test(
    "refuses JSON that is none",
    arguments: [
      "", "{", "[]", "{\"model\":}", "{\"model\":{\"vocab\":{\"a\"}}}", "{\"model\":{\"vocab\":{\"\\x\":1}}}",
    ])
  func malformedJSON(text: String) throws {
    let path = NSTemporaryDirectory() + "tokenizer-\(UUID().uuidString).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(text.utf8).write(to: URL(filePath: path))
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(path: path) }
    #expect(error?.message.contains(path) == true)
  }

  @Test("adds the tokens that the configuration names, with the roles it gives them")
  func configuration() throws {
    let folder = NSTemporaryDirectory() + "tokenizer-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let config: JSONValue = [
      "bos_token": "<s>", "eos_token": ["content": "a", "lstrip": false, "__type": "AddedToken"],
      "pad_token": nil,
      "additional_special_tokens": ["<x>"], "model_max_length": 1e30, "image_token": "<img>",
      "chat_template": "{{ messages }}",
    ]
    try Data(document().serialized().utf8).write(to: URL(filePath: folder + "/tokenizer.json"))
    try Data(config.serialized().utf8).write(to: URL(filePath: folder + "/tokenizer_config.json"))
    let tokenizer = try Tokenizer.load(folder: folder)
    #expect(tokenizer.specialTokens.bosTokenID == 2)
    #expect(tokenizer.specialTokens.eosTokenID == 1)
    #expect(tokenizer.specialTokens.padTokenID == nil)
    #expect(tokenizer.specialTokens.id("image_token") == 3)
    #expect(tokenizer.id(of: "<x>") == 4)
    #expect(tokenizer.token(of: 2) == "<s>")
    #expect(tokenizer.vocabularySize == 5)
    #expect(tokenizer.modelMaxLength == nil)
    #expect(tokenizer.chatTemplate?.stringValue == "{{ messages }}")
    #expect(try tokenizer.encode("<s>a<x>").ids == [2, 1, 4])
    #expect(try tokenizer.decode([2, 1, 4, 99], skipSpecialTokens: true) == "")
  }
}
