/// Cuts a template into text and tags, with the white space around tags trimmed as transformers asks of Jinja
/// (`trim_blocks` and `lstrip_blocks`).
struct Lexer {
  let source: [Unicode.Scalar]
  var position = 0
  private(set) var tokens: [Token] = []
  private var line = 1
  private var countedTo = 0

  /// The words up to the end, or up to what cannot be read, with the error that names it. The grammar comes first: what
  /// it rejects before that place is what is wrong with the template.
  static func tokens(of source: String) -> (tokens: [Token], failure: ChatTemplateError?) {
    var lexer = Lexer(source)
    do {
      try lexer.run()
      return (lexer.tokens, nil)
    } catch {
      lexer.append(.end, at: lexer.position)
      return (lexer.tokens, error)
    }
  }

  /// Line ends become "\n", and one at the very end is dropped.
  private init(_ source: String) {
    var normal: [Unicode.Scalar] = []
    normal.reserveCapacity(source.utf8.count)
    var followsReturn = false
    for scalar in source.unicodeScalars {
      if scalar != "\n" || !followsReturn { normal.append(scalar == "\r" ? "\n" : scalar) }
      followsReturn = scalar == "\r"
    }
    if normal.last == "\n" { normal.removeLast() }
    self.source = normal
  }

  private mutating func run() throws(ChatTemplateError) {
    while let begin = nextTag() {
      let opening = source[begin + 1]
      let rawEnd = opening == "%" ? rawBegin(at: begin) : nil
      let sign = scalar(at: begin + 2).flatMap { $0 == "-" || $0 == "+" ? $0 : nil }
      append(data: trimmed(position..<begin, before: sign, keepsIndent: opening == "{"), at: position)
      position = begin + (sign == nil ? 2 : 3)
      if let rawEnd {
        position = rawEnd
        try rawText()
      } else if opening == "#" {
        try skipComment()
      } else {
        try tag(isPrint: opening == "{", at: begin)
      }
    }
    append(data: position..<source.count, at: position)
    append(.end, at: source.count)
  }

  /// Where the next `{{`, `{%` or `{#` stands.
  private func nextTag() -> Int? {
    var index = position
    while index + 1 < source.count {
      if source[index] == "{" {
        let next = source[index + 1]
        if next == "{" || next == "%" || next == "#" { return index }
      }
      index += 1
    }
    return nil
  }

  /// The text before a tag without what the tag's sign, or its being first on its line, strips.
  private func trimmed(_ text: Range<Int>, before sign: Unicode.Scalar?, keepsIndent: Bool) -> Range<Int> {
    var end = text.upperBound
    if sign == "-" {
      while end > text.lowerBound, source[end - 1].isPythonSpace { end -= 1 }
      return text.lowerBound..<end
    }
    if sign == "+" || keepsIndent { return text }
    while end > text.lowerBound, source[end - 1].isPythonSpace, source[end - 1] != "\n" { end -= 1 }
    let startsLine = end == 0 || source[end - 1] == "\n"
    return startsLine ? text.lowerBound..<end : text
  }

  /// Skips white space after a tag that ended with `sign`: all of it, one line end, or none.
  mutating func skipSpace(after sign: Unicode.Scalar?, trimsLine: Bool) {
    if sign == "-" {
      while let next = scalar(at: position), next.isPythonSpace { position += 1 }
    } else if sign == nil, trimsLine, scalar(at: position) == "\n" {
      position += 1
    }
  }

  private mutating func skipComment() throws(ChatTemplateError) {
    var end = position
    // Jinja takes no offence at a comment or raw text that starts where the template ends.
    if end == source.count { return }
    while !matches("#}", at: end) {
      guard end < source.count else { throw error("Missing end of comment tag", at: position) }
      end += 1
    }
    let sign = end > position ? Lexer.sign(source[end - 1]) : nil
    position = end + 2
    skipSpace(after: sign, trimsLine: true)
  }

  /// Where the text starts after `{% raw %}` at `begin`, if that is what stands there.
  private func rawBegin(at begin: Int) -> Int? {
    guard let name = tagName("raw", at: begin) else { return nil }
    if matches("%}", at: name) { return name + 2 }
    guard matches("-%}", at: name) else { return nil }
    var end = name + 3
    while let next = scalar(at: end), next.isPythonSpace { end += 1 }
    return end
  }

  private mutating func rawText() throws(ChatTemplateError) {
    for begin in position..<max(position, source.count) where source[begin] == "{" {
      guard let name = tagName("endraw", at: begin) else { continue }
      let sign = scalar(at: name).flatMap(Lexer.sign)
      guard matches("%}", at: sign == nil ? name : name + 1) else { continue }
      let opening = scalar(at: begin + 2).flatMap(Lexer.sign)
      append(data: trimmed(position..<begin, before: opening, keepsIndent: false), at: position)
      position = name + (sign == nil ? 2 : 3)
      skipSpace(after: sign, trimsLine: true)
      return
    }
    guard position < source.count else { return }
    throw error("Missing end of raw directive", at: position)
  }

  /// Where the space after `{% name` ends, if that tag begins at `begin`.
  private func tagName(_ name: String, at begin: Int) -> Int? {
    guard matches("{%", at: begin) else { return nil }
    var index = begin + 2
    if scalar(at: index).flatMap(Lexer.sign) != nil { index += 1 }
    while let next = scalar(at: index), next.isPythonSpace { index += 1 }
    guard matches(name, at: index) else { return nil }
    index += name.unicodeScalars.count
    while let next = scalar(at: index), next.isPythonSpace { index += 1 }
    return index
  }
}

extension Lexer {
  static func sign(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
    scalar == "-" || scalar == "+" ? scalar : nil
  }

  func scalar(at index: Int) -> Unicode.Scalar? { index < source.count ? source[index] : nil }

  func matches(_ text: String, at index: Int) -> Bool {
    index < source.count && source[index...].starts(with: text.unicodeScalars)
  }

  mutating func append(_ kind: Token.Kind, at index: Int) {
    tokens.append(Token(line: lineNumber(at: index), kind: kind))
  }

  private mutating func append(data range: Range<Int>, at index: Int) {
    if !range.isEmpty { append(.data(Text(source[range])), at: index) }
  }

  mutating func error(_ message: String, at index: Int) -> ChatTemplateError {
    ChatTemplateError(message, line: lineNumber(at: index))
  }

  /// Tokens come in order, so the lines are counted once.
  private mutating func lineNumber(at index: Int) -> Int {
    while countedTo < min(index, source.count) {
      if source[countedTo] == "\n" { line += 1 }
      countedTo += 1
    }
    return line
  }
}
