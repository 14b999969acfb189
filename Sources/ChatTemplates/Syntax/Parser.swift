/// Turns the words of a template into its syntax tree, by Jinja's grammar.
final class Parser {
  private let tokens: [Token]
  /// Where the parser stands among the words.
  var position = 0
  let recursion = Recursion(
    limit: Limits.syntax, movesAt: 16,
    message: "tags and brackets nest more than \(Limits.syntax) levels deep")
  private var nameCount = 0
  private var scopeCount = 0
  private var functionCount = 1
  /// How many loops enclose this point, up to the nearest macro.
  var loopDepth = 0
  /// Whether any text is marked as the assistant's.
  var hasGeneration = false
  /// The tags that are open, innermost last, and what would end each.
  var openTags: [(name: Text, ends: [Text])] = []

  private init(_ tokens: [Token]) { self.tokens = tokens }

  /// - Throws: `ChatTemplateError` with the line of what is wrong.
  static func parse(_ source: String) throws -> Syntax {
    let (tokens, failure) = Lexer.tokens(of: source)
    let parser = Parser(tokens)
    do {
      let body = try parser.statements(until: [])
      if let failure { throw failure }
      return Syntax(
        body: body, nameCount: parser.nameCount, scopeCount: parser.scopeCount,
        functionCount: parser.functionCount, hasGeneration: parser.hasGeneration)
    } catch var error as ChatTemplateError {
      if let failure, parser.position >= tokens.count - 1 { throw failure }
      error.line = error.line ?? parser.current.line
      throw error
    }
  }

  // MARK: Words

  var current: Token { tokens[min(position, tokens.count - 1)] }
  var following: Token { tokens[min(position + 1, tokens.count - 1)] }

  @discardableResult
  func next() -> Token {
    defer { position += 1 }
    return current
  }

  func skip(_ symbol: Token.Symbol) -> Bool {
    guard current.isSymbol(symbol) else { return false }
    position += 1
    return true
  }

  func skip(name: Text) -> Bool {
    guard current.isName(name) else { return false }
    position += 1
    return true
  }

  func expect(_ symbol: Token.Symbol) throws {
    guard skip(symbol) else { throw unexpected(wanted: symbol.rawValue) }
  }

  func expectName() throws -> Text {
    guard case .name(let name) = current.kind else { throw unexpected(wanted: "name") }
    position += 1
    return name
  }

  func expect(name: Text) throws {
    guard skip(name: name) else { throw unexpected(wanted: name.string) }
  }

  func expectTagEnd() throws {
    guard current.isTagEnd else { throw unexpected(wanted: "end of statement block") }
    position += 1
  }

  func expectPrintEnd() throws {
    guard case .printEnd = current.kind else { throw unexpected(wanted: "end of print statement") }
    position += 1
  }

  func unexpected(wanted: String) -> ChatTemplateError {
    if case .end = current.kind {
      return fail("unexpected end of template, expected \(Text(wanted).represented).")
    }
    return fail(
      "expected token \(Text(wanted).represented), got \(Text(current.description).represented)")
  }

  func fail(_ message: String, line: Int? = nil) -> ChatTemplateError {
    ChatTemplateError(message, line: line ?? current.line)
  }

  // MARK: Numbers for names, scopes and functions

  func use(_ name: Text) -> NameUse {
    nameCount += 1
    return NameUse(id: nameCount - 1, name: name)
  }

  func newScope() -> ScopeID {
    scopeCount += 1
    return scopeCount - 1
  }

  func newFunction() -> FunctionID {
    functionCount += 1
    return functionCount - 1
  }
}

/// A parsed template.
struct Syntax: Sendable {
  let body: [Statement]
  let nameCount: Int
  let scopeCount: Int
  /// The template itself is function 0.
  let functionCount: Int
  let hasGeneration: Bool
}
