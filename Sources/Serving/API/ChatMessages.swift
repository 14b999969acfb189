import JSON

/// The messages of a chat, as templates take them: contents in parts become one text.
struct ChatMessages {
  let value: JSONValue

  /// - Throws: ``APIError`` for messages that are none.
  init(_ fields: RequestFields) throws {
    guard let messages = fields["messages"]?.arrayValue, !messages.isEmpty else {
      throw APIError.invalid("messages", "must be an array of messages, and not empty")
    }
    value = .array(try messages.enumerated().map { try Self.message($1, $0) })
  }

  private static func message(_ value: JSONValue, _ index: Int) throws -> JSONValue {
    guard var message = value.objectValue, message["role"]?.stringValue != nil else {
      throw APIError.invalid("messages[\(index)]", "must be an object with a role and a content")
    }
    if let parts = message["content"]?.arrayValue {
      let texts = try parts.map { part in
        guard part["type"]?.stringValue == "text", let text = part["text"]?.stringValue else {
          throw APIError.invalid(
            "messages[\(index)].content", "has a part that is not text: only text is read")
        }
        return text
      }
      message.updateValue(.string(texts.joined(separator: "\n")), forKey: "content")
    }
    return .object(message)
  }
}
