import Files
import Foundation
import JSON
import Testing

/// `peft generate --data`: a JSON line for each row, in their order, with its fields and the text.
@Suite(.serialized) struct GenerateRowsTests {
  private let model =
    URL(fileURLWithPath: Golden.root).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Sources/Demo/Resources/demo-model").path

  private func generate(_ flags: [String]) throws -> [JSONValue] {
    let ended = try Executable(
      [
        "generate", "--model", model, "--max-new-tokens", "6", "--temperature", "0", "--dtype", "float32",
        "--quiet",
      ] + flags)
    try #require(ended.code == 0, "\(ended.errors)")
    return try ended.output.split(separator: "\n").map { try JSONValue.parse(String($0)) }
  }

  /// An adapter on the model that changes what it writes.
  private func adapter(_ scratch: Scratch) throws -> String {
    let rows = try scratch.file(
      "train.jsonl", "{\"prompt\": \"once upon\", \"completion\": \" zzz zzz zzz\"}\n")
    let ended = try Executable([
      "train", "--model", model, "--data", rows, "--output", scratch.path("tuned"), "--method", "lora",
      "--target-modules", "all-linear", "--rank", "4", "--steps", "12", "--learning-rate", "0.05", "--quiet",
    ])
    try #require(ended.code == 0, "\(ended.errors)")
    return scratch.path("tuned")
  }

  @Test func rowsAreContinuedAsOneByOneEachWithItsAdapter() throws {
    let scratch = try Scratch()
    let tuned = ["--adapter", try "tuned=" + adapter(scratch)]
    let rows = [
      #"{"prompt": "once upon", "id": 7, "adapter": "tuned"}"#,
      #"{"prompt": "the", "id": 8, "adapter": "__base__"}"#,
      #"{"prompt": "once upon a longer way", "id": 9, "adapter": "__base__"}"#,
      #"{"prompt": "once upon", "id": 10, "adapter": "__base__"}"#,
    ]
    let data = try scratch.file("rows.jsonl", rows.joined(separator: "\n"))
    let found = try generate(["--data", data] + tuned)
    #expect(found.map { $0["id"]?.intValue } == [7, 8, 9, 10])
    #expect(found[0]["text"] != found[3]["text"])
    for (row, line) in zip(rows, found) {
      let prompt = try #require(try JSONValue.parse(row)["prompt"]?.stringValue)
      #expect(line["prompt"]?.stringValue == prompt)
      let own = line["adapter"] == "tuned" ? tuned : []
      let alone = try generate(["--prompt", prompt, "--json"] + own)
      #expect(line["text"] == alone.first?["text"], "\(prompt)")
      #expect(line["finish_reason"] == alone.first?["finish_reason"], "\(prompt)")
    }
  }

  @Test(arguments: [
    (#"{"text": "no prompt"}"#, "a row without a prompt"), ("{\"prompt\": ", "rows.jsonl"),
    (#"{"prompt": "a", "adapter": "other"}"#, "other"),
  ])
  func aBadRowIsNamed(_ row: String, _ words: String) throws {
    let scratch = try Scratch()
    let data = try scratch.file("rows.jsonl", "{\"prompt\": \"a\"}\n" + row)
    let ended = try Executable(["generate", "--model", model, "--data", data])
    #expect(ended.code == 65 && ended.output.isEmpty)
    #expect(ended.errors.contains(words), "\(ended.errors)")
  }
}
