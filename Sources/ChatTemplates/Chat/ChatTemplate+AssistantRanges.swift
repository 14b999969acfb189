/// Finds the assistant's part of a rendered conversation: what a loss on assistant turns alone is computed on.
import JSON

extension ChatTemplate {
  /// The assistant's ranges, in Unicode scalars, of the text that `render` makes of the same arguments.
  ///
  /// Where the template marks them with `{% generation %}`, those are the ranges. Elsewhere they are found by prefix
  /// difference: an assistant turn is what rendering the conversation up to it adds to the generation prompt before
  /// it, end-of-turn token included. Templates that render a turn otherwise once others follow (dropping its
  /// reasoning, say, or ending only the last turn with its own token) are followed by rendering once more with the
  /// turn's text changed, which shows where it went.
  ///
  /// - Throws: `ChatTemplateError` as `render` does, and when a turn cannot be told from the text around it.
  public func assistantRanges(
    messages: JSONValue, tools: JSONValue? = nil, documents: JSONValue? = nil, variables: JSONObject = [:],
    now: LocalTime? = nil
  ) throws -> [Range<Int>] {
    let now = now ?? .now()
    func rendered(_ messages: [JSONValue], prompt: Bool = false) throws -> RenderedChat {
      try render(
        messages: .array(messages), tools: tools, documents: documents, addGenerationPrompt: prompt,
        variables: variables, now: now)
    }
    let whole = try render(
      messages: messages, tools: tools, documents: documents, variables: variables, now: now)
    guard !compiled.hasGeneration, case .array(let turns) = messages else { return whole.generationRanges }
    let finder = TurnFinder(turns, whole: whole.text) { try Array(rendered($0, prompt: $1).text.utf8) }
    var ranges: [Range<Int>] = []
    for (index, turn) in turns.enumerated() {
      guard case .object(let message) = turn, message["role"] == "assistant" else { continue }
      guard let range = try finder.range(ofTurn: index, message),
        range.lowerBound >= ranges.last?.upperBound ?? 0
      else {
        throw ChatTemplateError(
          "the assistant's message \(index) cannot be told from the rest of the chat: mark it in the template with "
            + "{% generation %}")
      }
      if !range.isEmpty { ranges.append(range) }
    }
    return scalarRanges(of: ranges, in: whole.text)
  }

  /// Turns ranges of bytes into ranges of scalars, of which each has one byte that does not continue another.
  private func scalarRanges(of ranges: [Range<Int>], in text: String) -> [Range<Int>] {
    let bytes = Array(text.utf8)
    var position = 0
    var scalars = 0
    func count(to end: Int) -> Int {
      scalars += bytes[position..<end].reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
      position = end
      return scalars
    }
    return ranges.map { range in
      let start = count(to: range.lowerBound)
      return start..<count(to: range.upperBound)
    }
  }
}
