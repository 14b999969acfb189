import ChatTemplates
import JSON
import Testing

/// The choice among a tokenizer's templates.
struct SelectionTests {
  static let several: JSONValue = [
    ["name": "default", "template": "D"], ["name": "tool_use", "template": "T"],
    ["name": "rag", "template": "R"],
  ]

  @Test("chooses as transformers does")
  func choice() throws {
    #expect(try ChatTemplate.source(in: "only") == "only")
    #expect(try ChatTemplate.source(in: "only", hasTools: true) == "only")
    #expect(try ChatTemplate.source(in: "only", requested: "{{ mine }}") == "{{ mine }}")
    #expect(try ChatTemplate.source(in: Self.several) == "D")
    #expect(try ChatTemplate.source(in: Self.several, hasTools: true) == "T")
    #expect(try ChatTemplate.source(in: Self.several, requested: "rag", hasTools: true) == "R")
    #expect(try ChatTemplate.source(in: Self.several, requested: "{{ mine }}") == "{{ mine }}")
    #expect(try ChatTemplate.source(in: [["name": "default", "template": "D"]], hasTools: true) == "D")
  }

  @Test(
    "says when there is none",
    arguments: [.null, [], [["name": "rag", "template": "R"]], [["name": "x"]], ["x"], 5] as [JSONValue])
  func none(config: JSONValue) {
    #expect(throws: ChatTemplateError.self) { try ChatTemplate.source(in: config) }
  }
}
