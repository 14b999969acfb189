/// Leaves the final message open, as transformers' `continue_final_message` does: marks the end of its text, renders,
/// and cuts the rendering at the mark.
import JSON

struct Continuation {
  private static let tag = Text("CONTINUE_FINAL_MESSAGE_TAG ")
  /// The text that goes on.
  private let text: Text

  /// Marks the message.
  ///
  /// - Throws: `ChatTemplateError` when the message has no such text, or the template does not read it.
  init(of conversation: inout Conversation, field: String, template: String) throws {
    guard var message = conversation.messages.popLast(), let final = message[field] else {
      throw ChatTemplateError(
        "continueFinalMessage is set but the final message has no \"\(field)\" to continue!")
    }
    // Reasoning is there under several names, and the template may read any.
    let isReasoning = Conversation.reasoningFields.contains(field)
    let fields = isReasoning ? Conversation.reasoningFields.filter { message[$0] == final } : [field]
    let source = Text(template)
    guard fields.contains(where: { source.contains(Text($0)) }) else {
      throw ChatTemplateError(
        "continueFinalMessage is set to \"\(field)\" but this is not an accepted field in the chat template")
    }
    switch final {
    case .string(let string):
      text = Text(string)
      for field in fields { message[field] = .string(string + Continuation.tag.string) }
    case .array(var parts):
      text = try Continuation.markLastText(in: &parts)
      message[field] = .array(parts)
    default:
      throw ChatTemplateError("the final message's \"\(field)\" is not a text to continue")
    }
    conversation.messages.append(message)
  }

  private static func markLastText(in parts: inout [JSONValue]) throws -> Text {
    for index in parts.indices.reversed() {
      guard case .object(var part) = parts[index], let value = part["text"] else { continue }
      guard case .string(let string) = value else {
        throw ChatTemplateError("the final message's last text is not a string")
      }
      part["text"] = .string(string + tag.string)
      parts[index] = .object(part)
      return Text(string)
    }
    throw ChatTemplateError(
      "continueFinalMessage is set but we could not find any text to continue in the final message!")
  }

  /// Ends the rendering where the message's text ends.
  ///
  /// - Throws: `ChatTemplateError` when the template left the text out.
  func cut(_ chat: RenderedChat) throws -> RenderedChat {
    let rendered = Text(chat.text)
    let mark = Continuation.tag.trimmed()
    let bytes = Array(rendered.utf8)
    let mirrored = Finder(mark.utf8.reversed()).first(in: bytes.reversed())
    guard rendered.contains(text.trimmed()), let mirrored else {
      throw ChatTemplateError(
        "continueFinalMessage is set but the final message does not appear in the chat after applying the chat "
          + "template! This can happen if the chat template deletes portions of the final message.")
    }
    let position = bytes.count - mirrored - mark.utf8.count
    let before = Text(utf8: bytes[..<position])
    // Where the template trimmed the text's end, the mark has lost its space, and the text before must lose its own.
    let keepsSpace = bytes[position...].starts(with: Continuation.tag.utf8)
    let text = keepsSpace ? before : before.trimmed(.trailing)
    let end = text.count
    let ranges = chat.generationRanges.map { $0.clamped(to: 0..<end) }.filter { !$0.isEmpty }
    return RenderedChat(text: text.string, generationRanges: ranges)
  }
}
