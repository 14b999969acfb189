import ChatTemplates
import Foundation
import JSON
import Testing

/// Small templates of every feature, against the reference.
struct GoldenTests {
  @Test("renders as the reference does, or fails where it fails", arguments: Golden.sections)
  func reference(section: String) throws {
    let table = try Golden.table()
    let cases = table[section]?.arrayValue?.map { TemplateCase(value: $0, shared: table) } ?? []
    #expect(cases.count > 30)
    for golden in cases {
      let comment: Comment = "\(golden.template.debugDescription)"
      do {
        let chat = try golden.render()
        #expect(golden.error == nil, comment)
        #expect(golden.text.map { Array($0.unicodeScalars) } == Array(chat.text.unicodeScalars), comment)
        #expect(chat.generationRanges == golden.ranges ?? [], comment)
      } catch {
        let message = (error as? ChatTemplateError)?.message
        #expect(golden.text == nil, "\(golden.template.debugDescription): \(error)")
        if let expected = golden.error, isShared(expected) { #expect(message == expected, comment) }
      }
    }
  }

  /// Whether an error's text is the same everywhere, not the words of Python's own argument checks.
  private func isShared(_ error: String) -> Bool {
    [
      " is undefined", "has no attribute", "unsupported operand type(s) for +:", "not supported between",
      "expected token", "can only concatenate", "object is not iterable", "to unpack",
      "Encountered unknown tag",
      "Unexpected end of template", "JSON serializable", "codec can't", "byte must be", "unknown e",
      "unhashable type", "division", "modulo",
    ].contains { error.contains($0) } && !error.contains("for +: 'int' and 'str'")
  }
}

/// Cases made by scripts/parity-chat-templates, where the environment names them.
struct ChatTemplateParityTests {
  static let path = ProcessInfo.processInfo.environment["CHAT_TEMPLATE_CASES"]

  @Test("renders every case as transformers does", .enabled(if: path != nil))
  func parity() throws {
    var count = 0
    var parsed: [String: ChatTemplate] = [:]
    for line in try String(contentsOfFile: Self.path ?? "", encoding: .utf8).split(separator: "\n") {
      let value = try JSONValue.parse(String(line))
      let shared = value["expected"] ?? .null
      let golden = TemplateCase(value: value, shared: .null)
      let comment: Comment = "case \(count) \(value["name"]?.stringValue ?? "")"
      count += 1
      do {
        let template = try parsed[golden.template] ?? ChatTemplate(golden.template)
        parsed[golden.template] = template
        let chat = try golden.render(with: template)
        #expect(shared["text"]?.stringValue.map { Array($0.utf8) } == Array(chat.text.utf8), comment)
        let ranges = TemplateCase(value: shared, shared: .null).ranges
        if let ranges { #expect(chat.generationRanges == ranges, comment) }
      } catch {
        #expect(shared["error"] != nil, "case \(count - 1): \(error)")
      }
    }
    #expect(count > 0)
  }
}
