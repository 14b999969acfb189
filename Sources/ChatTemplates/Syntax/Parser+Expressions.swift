/// The grammar of expressions, loosest operators first.

extension Parser {
  /// One expression, or several with commas, which make a tuple.
  ///
  /// - Parameters:
  ///   - allowsConditional: whether `if` belongs to the expression rather than to the tag around it.
  ///   - endsAt: a name that ends the list after a trailing comma.
  ///   - inParentheses: whether nothing at all is an expression: the empty tuple.
  func tupleOrExpression(
    allowsConditional: Bool = true, endsAt end: Text? = nil, inParentheses: Bool = false
  ) throws -> Expression {
    try tuple(endsAt: end, inParentheses: inParentheses) {
      try expression(allowsConditional: allowsConditional)
    }
  }

  func tuple(
    endsAt end: Text? = nil, inParentheses: Bool = false, of item: () throws -> Expression
  ) throws -> Expression {
    var items: [Expression] = []
    var isTuple = false
    while true {
      if !items.isEmpty { try expect(.comma) }
      if isTupleEnd(end) { break }
      items.append(try item())
      guard current.isSymbol(.comma) else { break }
      isTuple = true
    }
    if !isTuple {
      if let only = items.first { return only }
      guard inParentheses else {
        throw fail("Expected an expression, got \(Text(current.description).represented)")
      }
    }
    return .tuple(items)
  }

  private func isTupleEnd(_ end: Text?) -> Bool {
    switch current.kind {
    case .printEnd, .tagEnd, .symbol(.closeParenthesis): true
    case .name(let name): name == end
    default: false
    }
  }

  func expression(allowsConditional: Bool = true) throws -> Expression {
    try recursion.descend { allowsConditional ? try conditional() : try disjunction() }
  }

  private func conditional() throws -> Expression {
    var value = try disjunction()
    while skip(name: "if") {
      let test = try disjunction()
      let otherwise = skip(name: "else") ? try recursion.descend { try conditional() } : nil
      value = .conditional(test: test, then: value, otherwise: otherwise)
    }
    return value
  }

  private func disjunction() throws -> Expression {
    var operands = [try conjunction()]
    while skip(name: "or") { operands.append(try conjunction()) }
    return operands.count == 1 ? operands[0] : .or(operands)
  }

  private func conjunction() throws -> Expression {
    var operands = [try negation()]
    while skip(name: "and") { operands.append(try negation()) }
    return operands.count == 1 ? operands[0] : .and(operands)
  }

  private func negation() throws -> Expression {
    var count = 0
    while skip(name: "not") { count += 1 }
    let operand = try comparison()
    if count == 0 { return operand }
    // An even number of them still turns the operand into its truth.
    return count % 2 == 1 ? .not(operand) : .not(.not(operand))
  }

  private func comparison() throws -> Expression {
    let first = try sum()
    var rest: [(operation: Comparison, operand: Expression)] = []
    while let operation = comparisonOperator() { rest.append((operation, try sum())) }
    return rest.isEmpty ? first : .comparison(first, rest)
  }

  private func comparisonOperator() -> Comparison? {
    switch current.kind {
    case .symbol(.equal): next(); return .equal
    case .symbol(.notEqual): next(); return .notEqual
    case .symbol(.less): next(); return .ordered(.less)
    case .symbol(.lessOrEqual): next(); return .ordered(.lessOrEqual)
    case .symbol(.greater): next(); return .ordered(.greater)
    case .symbol(.greaterOrEqual): next(); return .ordered(.greaterOrEqual)
    default: break
    }
    if skip(name: "in") { return .contained }
    if current.isName("not"), following.isName("in") {
      next()
      next()
      return .notContained
    }
    return nil
  }

  private func sum() throws -> Expression {
    try chain(of: [.add: .add, .subtract: .subtract]) { try concatenation() }
  }

  private func concatenation() throws -> Expression {
    var operands = [try product()]
    while skip(.tilde) { operands.append(try product()) }
    return operands.count == 1 ? operands[0] : .concatenation(operands)
  }

  private func product() throws -> Expression {
    try chain(of: [.multiply: .multiply, .divide: .divide, .floorDivide: .floorDivide, .modulo: .modulo]) {
      try power()
    }
  }

  /// Jinja's `**` groups from the left, and binds its left side less tightly than a sign does.
  private func power() throws -> Expression {
    try chain(of: [.power: .power]) { try unary() }
  }

  private func chain(
    of operators: [Token.Symbol: Arithmetic], _ operand: () throws -> Expression
  ) throws -> Expression {
    let first = try operand()
    var rest: [(operation: Arithmetic, operand: Expression)] = []
    while case .symbol(let symbol) = current.kind, let operation = operators[symbol] {
      next()
      rest.append((operation, try operand()))
    }
    return rest.isEmpty ? first : .arithmetic(first, rest)
  }

  private func unary(allowsFilters: Bool = true) throws -> Expression {
    let operand: Expression
    if skip(.subtract) {
      operand = .negative(try recursion.descend { try unary(allowsFilters: false) })
    } else if skip(.add) {
      operand = .positive(try recursion.descend { try unary(allowsFilters: false) })
    } else {
      operand = try primary()
    }
    var operations: [Postfix] = []
    try postfix(&operations)
    if allowsFilters { try filtersAndTests(&operations) }
    return operations.isEmpty ? operand : .postfix(operand, operations)
  }

  func primary() throws -> Expression {
    let token = current
    switch token.kind {
    case .name(let name):
      next()
      switch name {
      case "true", "True": return .literal(.bool(true))
      case "false", "False": return .literal(.bool(false))
      case "none", "None": return .literal(.none)
      default: return .name(use(name))
      }
    case .string(var text):
      next()
      while case .string(let more) = current.kind {
        text = Text(text.string + more.string)
        next()
      }
      return .literal(.string(text))
    case .integer(let value):
      next()
      return .literal(.int(value))
    case .float(let value):
      next()
      return .literal(.float(value))
    case .symbol(.openParenthesis):
      next()
      let inside = try recursion.descend { try tupleOrExpression(inParentheses: true) }
      try expect(.closeParenthesis)
      return inside
    case .symbol(.openBracket): return .list(try items(until: .closeBracket) { try expression() })
    case .symbol(.openBrace):
      return .dictionary(
        try items(until: .closeBrace) {
          let key = try expression()
          try expect(.colon)
          return (key, try expression())
        })
    default: throw fail("unexpected \(Text(token.description).represented)")
    }
  }

  private func items<Item>(until closing: Token.Symbol, _ item: () throws -> Item) throws -> [Item] {
    next()
    var items: [Item] = []
    while !current.isSymbol(closing) {
      if !items.isEmpty { try expect(.comma) }
      if current.isSymbol(closing) { break }
      items.append(try item())
    }
    next()
    return items
  }
}
