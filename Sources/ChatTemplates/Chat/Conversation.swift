/// The messages as transformers hands them to a template.
import JSON

struct Conversation {
  var messages: [JSONObject]

  /// - Throws: `ChatTemplateError` unless `value` is an array of objects with at least one.
  init(_ value: JSONValue) throws {
    guard case .array(let elements) = value else {
      throw ChatTemplateError("messages must be an array of objects: pass a list of {role, content}")
    }
    guard !elements.isEmpty else {
      throw ChatTemplateError(
        "Cannot apply chat template to an empty conversation. Provide at least one message.")
    }
    messages = try elements.enumerated().map { index, element in
      guard case .object(let message) = element else {
        throw ChatTemplateError("message \(index) is not an object: pass {role, content}")
      }
      return Conversation.aliased(Conversation.withoutNulls(message))
    }
  }

  /// The names a message's reasoning is passed under; the first is the standard one.
  static let reasoningFields = ["reasoning_content", "thinking", "reasoning"]

  func value() throws -> Value {
    try .list(messages.map { .dict(try Mapping($0, depth: 1)) })
  }

  /// Some services write out what is missing as null, which templates would print as "None".
  private static func withoutNulls(_ message: JSONObject) -> JSONObject {
    JSONObject(message.members.filter { if case .null = $0.value { false } else { true } })
  }

  /// Gives reasoning the names that templates read.
  private static func aliased(_ message: JSONObject) -> JSONObject {
    guard let reasoning = reasoningFields.lazy.compactMap({ message[$0] }).first else { return message }
    var aliased: JSONObject = ["thinking": reasoning]
    for (key, value) in message.members { aliased[key] = value }
    aliased["reasoning_content"] = reasoning
    return aliased
  }

  /// Tools or documents: an array of objects, or none.
  static func objects(_ value: JSONValue, _ name: String) throws -> Value {
    if case .null = value { return .none }
    guard case .array(let elements) = value,
      elements.allSatisfy({ if case .object = $0 { true } else { false } })
    else { throw ChatTemplateError("\(name) must be an array of objects") }
    return try Value(value)
  }
}
