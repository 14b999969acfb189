/// Finds single turns in a rendered conversation by rendering parts and variants of it.
import JSON

struct TurnFinder {
  typealias Render = (_ messages: [JSONValue], _ prompt: Bool) throws -> [UInt8]

  private let turns: [JSONValue]
  private let whole: [UInt8]
  private let render: Render

  init(_ turns: [JSONValue], whole: String, render: @escaping Render) {
    self.turns = turns
    self.whole = Array(whole.utf8)
    self.render = render
  }

  /// The bytes of the whole that are the turn's; nil if they cannot be told.
  func range(ofTurn index: Int, _ message: JSONObject) throws -> Range<Int>? {
    let upToTurn = try render(Array(turns[...index]), false)
    let prompt = index == 0 ? nil : try render(Array(turns[..<index]), true)
    let promptEnd = prompt.map { prompt in
      let shared = prompt.sharedPrefix(with: upToTurn)
      return shared == prompt.count ? shared : upToTurn.tokenStart(before: shared)
    }
    if let promptEnd, whole.starts(with: upToTurn), try isPlausible(promptEnd, prompt ?? [], before: index) {
      return promptEnd..<upToTurn.count
    }
    return try rangeByMarking(index, message, upToTurn, prompt: prompt, promptEnd: promptEnd)
  }

  /// Whether what the prompt and the turn share reaches into the generation prompt at least.
  private func isPlausible(_ promptEnd: Int, _ prompt: [UInt8], before index: Int) throws -> Bool {
    if promptEnd == prompt.count { return true }
    let unprompted = try render(Array(turns[..<index]), false)
    return promptEnd >= prompt.tokenStart(before: prompt.sharedPrefix(with: unprompted))
  }

  /// Changes the turn's text, to see what changes in the rendering: with the turn last, where what belongs to it
  /// surrounds its text, and in the whole, where the same surroundings are looked for.
  private func rangeByMarking(
    _ index: Int, _ message: JSONObject, _ upToTurn: [UInt8], prompt: [UInt8]?, promptEnd: Int?
  ) throws -> Range<Int>? {
    for marked in TurnFinder.marked(message) {
      var turns = turns
      turns[index] = .object(marked)
      guard let last = upToTurn.difference(from: try render(Array(turns[...index]), false)),
        let here = whole.difference(from: try render(turns, false))
      else { continue }
      var start = here.lowerBound
      if let prompt, let promptEnd, promptEnd <= last.lowerBound,
        try isPlausible(promptEnd, prompt, before: index)
      {
        let header = upToTurn[promptEnd..<last.lowerBound]
        if whole[..<start].suffix(header.count).elementsEqual(header) {
          start -= header.count
        } else if prompt.count <= start, whole.starts(with: prompt) {
          start = prompt.count
        }
      }
      let trailer = Array(upToTurn[last.upperBound...])
      let following = Array(whole[here.upperBound...])
      let shared = trailer.sharedPrefix(with: following)
      let end = here.upperBound + (shared == trailer.count ? shared : following.tokenStart(before: shared))
      return start..<max(start, end)
    }
    return nil
  }

  /// Marks the text of a message at both ends, so that templates that look into it still see it; first its content,
  /// then the names of the functions it calls, for templates that leave out the content beside calls.
  private static func marked(_ message: JSONObject) -> [JSONObject] {
    func marking(_ text: String) -> JSONValue { .string("\u{F0000}\(text)\u{F0000}") }
    var variants: [JSONObject] = []
    var content = message
    switch message["content"] {
    case .string(let text): content["content"] = marking(text)
    case .array(let parts):
      content["content"] = .array(
        parts.map { part in
          guard case .object(var fields) = part, case .string(let text)? = fields["text"] else { return part }
          fields["text"] = marking(text)
          return .object(fields)
        })
    default: break
    }
    variants.append(content)
    if case .array(let calls)? = message["tool_calls"] {
      var called = message
      called["tool_calls"] = .array(
        calls.map { call in
          guard case .object(var fields) = call else { return call }
          if case .string(let name)? = fields["name"] { fields["name"] = marking(name) }
          if case .object(var function)? = fields["function"], case .string(let name)? = function["name"] {
            function["name"] = marking(name)
            fields["function"] = .object(function)
          }
          return .object(fields)
        })
      variants.append(called)
    }
    return variants
  }
}

extension [UInt8] {
  fileprivate func sharedPrefix(with other: [UInt8]) -> Int {
    var length = zip(self, other).prefix { $0 == $1 }.count
    while length > 0, length < count, self[length] & 0xC0 == 0x80 { length -= 1 }
    return length
  }

  /// The part that differs from `other`, in whole scalars; nil if nothing does.
  fileprivate func difference(from other: [UInt8]) -> Range<Int>? {
    if self == other { return nil }
    let start = sharedPrefix(with: other)
    let shared = zip(self[start...].reversed(), other[start...].reversed()).prefix { $0 == $1 }.count
    var end = count - shared
    while end < count, self[end] & 0xC0 == 0x80 { end += 1 }
    return start..<end
  }

  /// `index`, or where the token such as `<|user|>` or `[INST]` begins that it falls into.
  fileprivate func tokenStart(before index: Int) -> Int {
    let reach = 64
    let isEnd: (UInt8) -> Bool = {
      $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "]") || $0 <= UInt8(ascii: " ")
    }
    var start = index
    while start > 0, index - start < reach {
      start -= 1
      if isEnd(self[start]) { return index }
      guard self[start] == UInt8(ascii: "<") || self[start] == UInt8(ascii: "[") else { continue }
      let closing = self[index...].prefix(reach).first(where: isEnd)
      return closing == nil || closing.map { $0 <= UInt8(ascii: " ") } == true ? index : start
    }
    return index
  }
}
