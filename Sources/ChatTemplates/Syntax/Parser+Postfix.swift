/// What follows an operand: attributes, elements, calls, filters and tests.

extension Parser {
  func postfix(_ operations: inout [Postfix]) throws {
    while case .symbol(let symbol) = current.kind {
      switch symbol {
      case .dot: operations.append(try attribute())
      case .openBracket: operations.append(try element())
      case .openParenthesis: operations.append(.call(try callArguments()))
      default: return
      }
    }
  }

  func filtersAndTests(_ operations: inout [Postfix]) throws {
    while true {
      if current.isSymbol(.pipe) {
        operations += try filterChain(startsInline: false).map(Postfix.filter)
      } else if current.isName("is") {
        operations.append(try test())
      } else if current.isSymbol(.openParenthesis) {
        operations.append(.call(try callArguments()))
      } else {
        return
      }
    }
  }

  /// `|name(arguments)|…`; the first without its bar when it starts inline.
  func filterChain(startsInline: Bool) throws -> [FilterCall] {
    var filters: [FilterCall] = []
    while startsInline && filters.isEmpty || current.isSymbol(.pipe) {
      if !(startsInline && filters.isEmpty) { next() }
      let line = current.line
      let name = try dottedName()
      let arguments = current.isSymbol(.openParenthesis) ? try callArguments() : CallArguments()
      filters.append(FilterCall(name: name, arguments: arguments, line: line))
    }
    return filters
  }

  private func dottedName() throws -> Text {
    var name = try expectName()
    while skip(.dot) { name = Text(name.string + "." + (try expectName()).string) }
    return name
  }

  private func attribute() throws -> Postfix {
    next()
    let token = next()
    switch token.kind {
    case .name(let name): return .attribute(name)
    case .integer(let index): return .element(.literal(.int(index)))
    default: throw fail("expected name or number", line: token.line)
    }
  }

  private func element() throws -> Postfix {
    next()
    var subscripts: [Postfix] = []
    while !current.isSymbol(.closeBracket) {
      if !subscripts.isEmpty { try expect(.comma) }
      subscripts.append(try subscripted())
    }
    next()
    if subscripts.count == 1 { return subscripts[0] }
    return .element(
      .tuple(
        try subscripts.map {
          guard case .element(let key) = $0 else { throw fail("a slice cannot be part of a key") }
          return key
        }))
  }

  private func subscripted() throws -> Postfix {
    func bound() throws -> Expression? {
      let ends = current.isSymbol(.closeBracket) || current.isSymbol(.comma) || current.isSymbol(.colon)
      return ends ? nil : try expression()
    }
    let start = current.isSymbol(.colon) ? nil : try expression()
    guard skip(.colon) else {
      guard let start else { throw unexpected(wanted: "]") }
      return .element(start)
    }
    let stop = try bound()
    let step = skip(.colon) ? try bound() : nil
    return .slice(start: start, stop: stop, step: step)
  }

  private func test() throws -> Postfix {
    next()
    let negated = skip(name: "not")
    let name = try dottedName()
    var arguments = CallArguments()
    if current.isSymbol(.openParenthesis) {
      arguments = try callArguments()
    } else if startsTestArgument {
      if current.isName("is") { throw fail("You cannot chain multiple tests with is") }
      let operand = try recursion.descend { try primary() }
      var operations: [Postfix] = []
      try postfix(&operations)
      arguments.positional = [operations.isEmpty ? operand : .postfix(operand, operations)]
    }
    return .test(name, arguments, negated: negated)
  }

  private var startsTestArgument: Bool {
    switch current.kind {
    case .name(let name): !["else", "or", "and"].contains(name)
    case .string, .integer, .float, .symbol(.openBracket), .symbol(.openBrace): true
    default: false
    }
  }

  func callArguments() throws -> CallArguments {
    let line = next().line
    var arguments = CallArguments()
    var isFirst = true
    func ensure(_ isValid: Bool) throws {
      if !isValid { throw fail("invalid syntax for function call expression", line: line) }
    }
    while !current.isSymbol(.closeParenthesis) {
      if !isFirst {
        try expect(.comma)
        if current.isSymbol(.closeParenthesis) { break }
      }
      isFirst = false
      if skip(.multiply) {
        try ensure(arguments.spread == nil && arguments.spreadNamed == nil)
        arguments.spread = try expression()
      } else if skip(.power) {
        try ensure(arguments.spreadNamed == nil)
        arguments.spreadNamed = try expression()
      } else if case .name(let name) = current.kind, following.isSymbol(.assign) {
        try ensure(arguments.spreadNamed == nil)
        next()
        next()
        arguments.named.append((name, try expression()))
      } else {
        try ensure(arguments.spread == nil && arguments.spreadNamed == nil && arguments.named.isEmpty)
        arguments.positional.append(try expression())
      }
    }
    next()
    return arguments
  }
}
