import ChatTemplates
import Foundation
import JSON
import Testing

/// The templates in Tests/Golden/chat-templates with what transformers makes of them.
enum Golden {
  static let sections = [
    "literals", "arithmetic", "comparisons", "lookups", "tests", "filters", "json", "strings", "calls",
    "bytes",
    "statements", "conversations",
  ]

  static func table() throws -> JSONValue {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Golden/chat-templates/cases.json").path(percentEncoded: false)
    return try JSONValue.parse(contentsOf: path)
  }
}

/// A template, what to render it with, and the outcome.
struct TemplateCase {
  let value: JSONValue
  /// What cases share: messages, tools, variables and the time.
  let shared: JSONValue

  var template: String { value["template"]?.stringValue ?? "" }
  var text: String? { value["text"]?.stringValue }
  var error: String? { value["error"]?.stringValue }

  var ranges: [Range<Int>]? {
    value["ranges"]?.arrayValue?.map { ($0[0]?.intValue ?? -1)..<($0[1]?.intValue ?? -1) }
  }

  /// - Parameter parsed: the template, where it is at hand already.
  func render(with parsed: ChatTemplate? = nil) throws -> RenderedChat {
    func option(_ name: String) -> JSONValue? { value[name] ?? shared[name] }
    let now = option("now")?.arrayValue?.compactMap(\.intValue) ?? []
    var variables = JSONObject()
    if case .object(let given)? = option("variables") { variables = given }
    return try (parsed ?? ChatTemplate(template)).render(
      messages: option("messages") ?? [], tools: option("tools"), documents: option("documents"),
      addGenerationPrompt: option("add_generation_prompt") == true,
      continueFinalMessage: option("continue")?.stringValue, variables: variables,
      now: now.count == 6
        ? LocalTime(
          year: now[0], month: now[1], day: now[2], hour: now[3], minute: now[4], second: now[5])
        : nil)
  }
}

/// Renders a template on one short conversation.
func render(_ template: String, variables: JSONObject = [:]) throws -> String {
  try ChatTemplate(template).render(messages: [["role": "user", "content": "Hi"]], variables: variables).text
}

/// The message a template fails with.
func failure(of template: String, variables: JSONObject = [:]) -> ChatTemplateError? {
  do {
    _ = try render(template, variables: variables)
    return nil
  } catch {
    return error as? ChatTemplateError
  }
}
