/// What each expression comes to.

extension Interpreter {
  func evaluate(_ expression: Expression) throws -> Value {
    try budget.spend()
    switch expression {
    case .literal(let literal): return Value(literal)
    case .name(let use): return self[use] ?? .undefined(.name(use.name))
    default: return try recursion.descend { try evaluateCompound(expression) }
    }
  }

  private func evaluateCompound(_ expression: Expression) throws -> Value {
    switch expression {
    case .literal, .name: return try evaluate(expression)
    case .tuple(let items): return try .tuple(evaluate(items))
    case .list(let items): return try .list(evaluate(items))
    case .dictionary(let entries): return try evaluateDictionary(entries)
    case .negative(let operand): return try negated(try evaluate(operand))
    case .positive(let operand): return try affirmed(try evaluate(operand))
    case .not(let operand): return .bool(!(try evaluate(operand).isTrue))
    case .and(let operands): return try evaluate(operands, until: false)
    case .or(let operands): return try evaluate(operands, until: true)
    case .arithmetic(let first, let rest): return try evaluateArithmetic(first, rest)
    case .concatenation(let operands): return try evaluateConcatenation(operands)
    case .comparison(let first, let rest): return try evaluateComparison(first, rest)
    case .conditional(let test, let then, let otherwise):
      return try evaluateConditional(test, then, otherwise)
    case .postfix(let first, let operations): return try evaluatePostfix(first, operations)
    }
  }

  private func evaluate(_ items: [Expression]) throws -> [Value] {
    try items.map { try evaluate($0) }
  }

  private func evaluateDictionary(_ entries: [(key: Expression, value: Expression)]) throws -> Value {
    .dict(try Mapping(entries.map { (try evaluate($0.key), try evaluate($0.value)) }))
  }

  /// The first operand whose truth is `decisive`, or else the last.
  private func evaluate(_ operands: [Expression], until decisive: Bool) throws -> Value {
    var value = Value.none
    for operand in operands {
      value = try evaluate(operand)
      if value.isTrue == decisive { break }
    }
    return value
  }

  private func evaluateArithmetic(
    _ first: Expression, _ rest: [(operation: Arithmetic, operand: Expression)]
  ) throws -> Value {
    var value = try evaluate(first)
    for (operation, operand) in rest { value = try combine(value, operation, try evaluate(operand)) }
    return value
  }

  private func evaluateConcatenation(_ operands: [Expression]) throws -> Value {
    let values = try evaluate(operands)
    let isMarkup =
      autoescape && values.contains { if case .string(let text) = $0 { text.isMarkup } else { false } }
    let texts = try values.map { isMarkup ? try $0.escaped() : try $0.text() }
    try budget.spendText(bytes: texts.reduce(0) { $0 + $1.utf8.count })
    return .string(Text(texts.map(\.string).joined(), isMarkup: isMarkup))
  }

  private func evaluateComparison(
    _ first: Expression, _ rest: [(operation: Comparison, operand: Expression)]
  ) throws -> Value {
    var left = try evaluate(first)
    for (operation, operand) in rest {
      let right = try evaluate(operand)
      if try !holds(left, operation, right) { return .bool(false) }
      left = right
    }
    return .bool(true)
  }

  private func holds(_ left: Value, _ operation: Comparison, _ right: Value) throws -> Bool {
    switch operation {
    case .equal: try left.equals(right, budget)
    case .notEqual: try !left.equals(right, budget)
    case .contained: try right.contains(left, budget)
    case .notContained: try !right.contains(left, budget)
    case .ordered(let order): try left.compares(order, to: right, budget)
    }
  }

  private func evaluateConditional(
    _ test: Expression, _ then: Expression, _ otherwise: Expression?
  ) throws -> Value {
    if try evaluate(test).isTrue { return try evaluate(then) }
    if let otherwise { return try evaluate(otherwise) }
    return .undefined(
      "the inline if-expression on line \(line) evaluated to false and no else section was defined.")
  }

  private func evaluatePostfix(_ first: Expression, _ operations: [Postfix]) throws -> Value {
    var value = try evaluate(first)
    for operation in operations {
      try budget.spend()
      value = try apply(operation, to: value)
    }
    return value
  }

  private func apply(_ operation: Postfix, to value: Value) throws -> Value {
    switch operation {
    case .attribute(let name): return try attribute(name, of: value)
    case .element(let key): return try element(try evaluate(key), of: value)
    case .slice(let start, let stop, let step):
      let bounds = try [start, stop, step].map { try $0.map { try evaluate($0) } ?? .none }
      return try value.slice(start: bounds[0], stop: bounds[1], step: bounds[2], budget)
    case .call(let arguments): return try call(value, try evaluate(arguments))
    case .filter(let filter): return try apply(filter, to: value)
    case .test(let name, let arguments, let negated):
      return .bool(try test(name, value, try evaluate(arguments)) != negated)
    }
  }

  func apply(_ filters: [FilterCall], to value: Value) throws -> Value {
    try filters.reduce(value) { try apply($1, to: $0) }
  }

  private func apply(_ filter: FilterCall, to value: Value) throws -> Value {
    try self.filter(filter.name, value, try evaluate(filter.arguments))
  }

  // MARK: Calls

  func evaluate(_ source: CallArguments) throws -> Arguments {
    var arguments = Arguments()
    arguments.positional = try evaluate(source.positional)
    if let spread = source.spread { arguments.positional += try evaluate(spread).elements(budget) }
    for (name, value) in source.named { try arguments.add(name, try evaluate(value)) }
    if let spread = source.spreadNamed {
      guard case .dict(let mapping) = try evaluate(spread) else {
        throw ChatTemplateError("argument after ** must be a mapping")
      }
      for (key, value) in mapping.entries {
        guard case .string(let name) = key else { throw ChatTemplateError("keywords must be strings") }
        try arguments.add(name, value)
      }
    }
    return arguments
  }

  func call(_ callee: Value, _ arguments: Arguments) throws -> Value {
    try budget.spend()
    switch callee {
    case .function(let function): return try function.call(arguments, in: self)
    case .object(let loop as LoopState): return try loop.call(arguments)
    case .object(let joiner as Joiner): return joiner.call()
    case .undefined(let missing): throw missing.error
    default: throw ChatTemplateError("'\(callee.typeName)' object is not callable")
    }
  }
}

extension Value {
  fileprivate init(_ literal: Literal) {
    self =
      switch literal {
      case .none: .none
      case .bool(let flag): .bool(flag)
      case .int(let value): .int(value)
      case .float(let value): .float(value)
      case .string(let text): .string(text)
      }
  }
}
