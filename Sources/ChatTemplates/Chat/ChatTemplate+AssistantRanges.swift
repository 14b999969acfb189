/// Finds the assistant's part of a rendered conversation: what a loss on assistant turns alone is computed on.
import JSON

extension ChatTemplate {
  /// The assistant's ranges, in Unicode scalars, of the text that `render` makes of the same arguments.
  ///
  /// Where the template marks them with `{% generation %}`, those are the ranges. Elsewhere they are found by prefix
  /// difference: an assistant turn is what rendering the conversation up to it adds to the generation prompt before
  /// it, end-of-turn token included. Templates that render a turn otherwise once others follow (dropping its
  /// reasoning, say) are followed as far as the turn's end can still be recognised.
  ///
  /// - Throws: `ChatTemplateError` as `render` does, and when a turn cannot be told from the text around it.
  public func assistantRanges(
    messages: JSONValue, tools: JSONValue? = nil, documents: JSONValue? = nil, variables: JSONObject = [:],
    now: LocalTime? = nil
  ) throws -> [Range<Int>] {
    func rendered(_ messages: JSONValue, prompt: Bool = false) throws -> RenderedChat {
      try render(
        messages: messages, tools: tools, documents: documents, addGenerationPrompt: prompt,
        variables: variables, now: now)
    }
    let whole = try rendered(messages)
    if compiled.hasGeneration { return whole.generationRanges }
    guard case .array(let turns) = messages else { return [] }
    var search = TurnSearch(whole.text)
    for (index, turn) in turns.enumerated() {
      guard case .object(let message) = turn, message["role"] == "assistant" else { continue }
      let upToTurn = try rendered(.array(Array(turns[...index]))).text
      let prompt = index == 0 ? nil : try rendered(.array(Array(turns[..<index])), prompt: true).text
      guard search.find(turn: message, in: upToTurn, after: prompt) else {
        throw ChatTemplateError(
          "the assistant's message \(index) cannot be told from the rest of the chat: mark it in the template with "
            + "{% generation %}")
      }
    }
    return search.ranges
  }
}

/// Looks for one assistant turn after the other in a rendered conversation.
private struct TurnSearch {
  private let whole: [UInt8]
  /// Where the last turn ended.
  private var cursor = 0
  private var byteRanges: [Range<Int>] = []

  init(_ whole: String) { self.whole = Array(whole.utf8) }

  /// In scalars, of which each has one byte that does not continue another.
  var ranges: [Range<Int>] {
    var position = 0
    var scalars = 0
    func count(to end: Int) -> Int {
      while position < end {
        if whole[position] & 0xC0 != 0x80 { scalars += 1 }
        position += 1
      }
      return scalars
    }
    return byteRanges.map { range in
      let start = count(to: range.lowerBound)
      return start..<count(to: range.upperBound)
    }
  }

  /// - Parameters:
  ///   - upToTurn: the conversation rendered up to the turn.
  ///   - prompt: the conversation before it, with the generation prompt; nil if nothing comes before.
  mutating func find(turn: JSONObject, in upToTurn: String, after prompt: String?) -> Bool {
    let rendered = Array(upToTurn.utf8)
    let start = start(of: turn, in: rendered, after: prompt)
    let body = Array(rendered[start...])
    guard let range = locate(body, expectedAt: start, before: rendered[..<start]) else { return false }
    if !range.isEmpty { byteRanges.append(range) }
    cursor = range.upperBound
    return true
  }

  private func start(of turn: JSONObject, in rendered: [UInt8], after prompt: String?) -> Int {
    guard let prompt else {
      guard case .string(let content)? = turn["content"] else { return 0 }
      return Finder(Array(content.utf8)).first(in: rendered) ?? 0
    }
    var start = zip(prompt.utf8, rendered).prefix { $0 == $1 }.count
    while start > 0, start < rendered.count, rendered[start] & 0xC0 == 0x80 { start -= 1 }
    return start
  }

  private func locate(_ body: [UInt8], expectedAt start: Int, before: ArraySlice<UInt8>) -> Range<Int>? {
    if start >= cursor, whole.starts(with: before) {
      let rest = whole[start...]
      if rest.starts(with: body) { return start..<(start + body.count) }
      // What follows has changed the turn; its end is still the end.
      let kept = Finder(Array(rest.prefix(body.count))).overlap(withEndOf: body)
      if kept > 0 { return start..<(start + kept) }
    }
    return Finder(body).first(in: whole, from: cursor).map { $0..<($0 + body.count) }
  }
}
