/// Text, prints and the choice among tags.

extension Parser {
  /// The statements up to a tag named in `ends`, whose name is then the current word, or up to the end of the
  /// template where there are no `ends`.
  func statements(until ends: [Text]) throws -> [Statement] {
    var body: [Statement] = []
    while true {
      let line = current.line
      switch current.kind {
      case .data(let text):
        next()
        body.append(Statement(line: line, kind: .text(text)))
      case .printBegin:
        next()
        let value = try tupleOrExpression()
        try expectPrintEnd()
        body.append(Statement(line: line, kind: .print(value)))
      case .tagBegin:
        next()
        if case .name(let name) = current.kind, ends.contains(name) { return body }
        body += try recursion.descend { try statement() }
        try expectTagEnd()
      default:
        if ends.isEmpty { return body }
        throw fail(missingEnd(unknownTag: nil))
      }
    }
  }

  /// The body of a tag up to one of `ends`.
  func body(until ends: Text...) throws -> [Statement] {
    _ = skip(.colon)
    try expectTagEnd()
    if let innermost = openTags.indices.last { openTags[innermost].ends = ends }
    return try statements(until: ends)
  }

  /// The body of a tag up to `end`, which is skipped.
  func closedBody(until end: Text) throws -> [Statement] {
    let body = try body(until: end)
    next()
    return body
  }

  /// A body with variables of its own, up to `end`.
  func scopedBody(until end: Text) throws -> Scoped {
    Scoped(scope: newScope(), body: try closedBody(until: end))
  }

  private func statement() throws -> [Statement] {
    let line = current.line
    guard case .name(let name) = current.kind else { throw fail("tag name expected") }
    openTags.append((name, []))
    defer { openTags.removeLast() }
    if name == "print" { return try printTag() }
    return [Statement(line: line, kind: try tag(name))]
  }

  private func tag(_ name: Text) throws -> Statement.Kind {
    switch name {
    case "set": return try set()
    case "for": return try loop()
    case "if": return try branch()
    case "macro": return try macro()
    case "call": return try callBlock()
    case "filter": return try filterBlock()
    case "with": return try with()
    case "generation": return try generation()
    case "break", "continue":
      next()
      guard loopDepth > 0 else {
        throw fail(name == "break" ? "'break' outside loop" : "'continue' not properly in loop")
      }
      return name == "break" ? .leaveLoop : .nextRound
    case "autoescape":
      next()
      let value = try expression()
      return .autoescape(value, try scopedBody(until: "endautoescape"))
    case "include", "import", "from", "extends", "block":
      return try unavailable(name)
    default:
      openTags.removeLast()
      defer { openTags.append((name, [])) }
      throw fail(missingEnd(unknownTag: name))
    }
  }

  /// Tags that compose several templates parse, so that a template may hold them where it never gets.
  private func unavailable(_ name: Text) throws -> Statement.Kind {
    next()
    if name == "block" {
      throw fail("blocks are for templates that extend others, which a chat template cannot: remove the tag")
    }
    while !current.isTagEnd {
      guard case .end = current.kind else {
        next()
        continue
      }
      throw unexpected(wanted: "end of statement block")
    }
    return .unavailable(name.string)
  }

  private func printTag() throws -> [Statement] {
    next()
    var printed: [Statement] = []
    while !current.isTagEnd {
      if !printed.isEmpty { try expect(.comma) }
      let line = current.line
      printed.append(Statement(line: line, kind: .print(try expression())))
    }
    return printed
  }

  /// What to say about a tag that nobody knows, or about the end of the template inside a tag.
  private func missingEnd(unknownTag name: Text?) -> String {
    var parts = [name.map { "Encountered unknown tag \($0.represented)." } ?? "Unexpected end of template."]
    if let innermost = openTags.last, !innermost.ends.isEmpty {
      let wanted = innermost.ends.map(\.represented).joined(separator: " or ")
      let isMisplaced = name.map { name in openTags.contains { $0.ends.contains(name) } } ?? false
      parts.append(
        isMisplaced
          ? "You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for \(wanted)."
          : "Jinja was looking for the following tags: \(wanted).")
      parts.append("The innermost block that needs to be closed is \(innermost.name.represented).")
    }
    return parts.joined(separator: " ")
  }
}
