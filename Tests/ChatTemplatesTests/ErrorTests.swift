import ChatTemplates
import JSON
import Testing

/// Errors say what is wrong, and on which line.
struct ErrorTests {
  @Test(
    "names the line",
    arguments: [
      ("one\n\n{{ undefd.x }}", 3, "'undefd' is undefined"),
      (
        "{% if true %}\n{% for x in [1] %}\n{{ x.y.z }}\n{% endfor %}{% endif %}", 3,
        "'int object' has no attribute 'y'"
      ),
      ("{# a\nb #}\n{{ 1 + }}", 3, "unexpected 'end of print statement'"),
      ("\n{% nosuch %}", 2, "Encountered unknown tag 'nosuch'."),
      (
        "{% if true %}\n{{ 1 }}\n", 2,
        "Unexpected end of template. Jinja was looking for the following tags: 'elif' or "
          + "'else' or 'endif'. The innermost block that needs to be closed is 'if'."
      ),
      ("a\n{{ 1|nosuch }}", 2, "No filter named 'nosuch'."),
      ("\n\n{{ raise_exception('Roles must alternate') }}", 3, "Roles must alternate"),
      ("{% macro f() %}\n{{ 1 / 0 }}{% endmacro %}\n\n{{ f() }}", 2, "division by zero"),
    ])
  func lines(template: String, line: Int, message: String) throws {
    let error = try #require(failure(of: template))
    #expect(error.message == message)
    #expect(error.line == line)
    #expect(error.description == "chat template, line \(line): \(message)")
  }

  @Test("rejects what is not a conversation")
  func conversations() throws {
    let template = try ChatTemplate("{{ messages }}")
    for messages in [.null, [], "text", ["text"], [["a"]], ["role": "user"]] as [JSONValue] {
      #expect(throws: ChatTemplateError.self) { try template.render(messages: messages) }
    }
    #expect(throws: ChatTemplateError.self) {
      try template.render(
        messages: [["content": "x"]], addGenerationPrompt: true, continueFinalMessage: "content")
    }
  }
}
