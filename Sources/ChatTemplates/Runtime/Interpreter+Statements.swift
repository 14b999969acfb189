/// What each statement does.

extension Interpreter {
  func run(_ statements: [Statement]) throws -> Flow {
    for statement in statements {
      try budget.spend()
      line = statement.line
      let flow = try run(statement.kind)
      if flow != .onward { return flow }
    }
    return .onward
  }

  private func run(_ statement: Statement.Kind) throws -> Flow {
    switch statement {
    case .text(let text): try write(text)
    case .print(let value): try write(printed(evaluate(value)))
    case .assign(let target, let value): try runAssignment(target, value)
    case .assignBlock(let target, let filters, let body): return try runAssignBlock(target, filters, body)
    case .branch(let branches, let otherwise): return try runBranch(branches, otherwise)
    case .loop(let loop): return try run(loop)
    case .macro(let name, let definition): self[name] = .function(makeMacro(definition))
    case .call(let call, let definition): try runCall(call, definition)
    case .generation(let definition): try runGeneration(definition)
    case .filter(let filters, let body): return try runFilter(filters, body)
    case .with(let assignments, let body): return try runWith(assignments, body)
    case .autoescape(let value, let body): return try runAutoescape(value, body)
    case .leaveLoop: return .leaveLoop
    case .nextRound: return .nextRound
    case .unavailable(let tag):
      throw ChatTemplateError(
        "no loader for this environment specified, which '\(tag)' needs: use one template")
    }
    return .onward
  }

  /// What a print writes for a value.
  private func printed(_ value: Value) throws -> Text {
    autoescape ? try value.escaped() : try value.text()
  }

  private func runBranch(
    _ branches: [(test: Expression, body: [Statement])], _ otherwise: [Statement]
  ) throws -> Flow {
    for (test, body) in branches where try evaluate(test).isTrue {
      return try recursion.descend { try run(body) }
    }
    return try recursion.descend { try run(otherwise) }
  }

  private func runAssignment(_ target: Target, _ value: Expression) throws {
    try target.forEachNamespace { use in
      guard case .object(let object)? = self[use], object is Namespace else {
        throw ChatTemplateError("cannot assign attribute on non-namespace object")
      }
    }
    try assign(try evaluate(value), to: target)
  }

  func assign(_ value: Value, to target: Target) throws {
    switch target {
    case .name(let use): self[use] = value
    case .attribute(let use, let name):
      if case .object(let object)? = self[use], let namespace = object as? Namespace {
        try namespace.set(name, to: value)
      }
    case .tuple(let targets):
      let values = try unpack(value, into: targets.count)
      for (target, value) in zip(targets, values) { try assign(value, to: target) }
    }
  }

  private func unpack(_ value: Value, into count: Int) throws -> [Value] {
    guard var iterator = try? ValueIterator(value) else {
      throw ChatTemplateError("cannot unpack non-iterable \(value.typeName) object")
    }
    var values: [Value] = []
    while values.count <= count, let element = try iterator.next() { values.append(element) }
    if values.count > count { throw ChatTemplateError("too many values to unpack (expected \(count))") }
    if values.count < count {
      throw ChatTemplateError("not enough values to unpack (expected \(count), got \(values.count))")
    }
    return values
  }

  private func runAssignBlock(_ target: Target, _ filters: [FilterCall], _ body: Scoped) throws -> Flow {
    var flow = Flow.onward
    let text = try capture { flow = try run(body) }
    if flow != .onward { return flow }
    try assign(try apply(filters, to: .string(text)), to: target)
    return .onward
  }

  private func runFilter(_ filters: [FilterCall], _ body: Scoped) throws -> Flow {
    var flow = Flow.onward
    let text = try capture { flow = try run(body) }
    if flow != .onward { return flow }
    try write(printed(apply(filters, to: .string(text))))
    return .onward
  }

  /// Runs a body in the current frame, with its variables prepared.
  func run(_ body: Scoped) throws -> Flow {
    try recursion.descend {
      try enter(body.scope)
      return try run(body.body)
    }
  }

  private func runWith(_ assignments: [(target: Target, value: Expression)], _ body: Scoped) throws -> Flow {
    try recursion.descend {
      try enter(body.scope)
      for (target, value) in assignments { try assign(try evaluate(value), to: target) }
      return try run(body.body)
    }
  }

  private func runAutoescape(_ value: Expression, _ body: Scoped) throws -> Flow {
    let outer = autoescape
    defer { autoescape = outer }
    return try recursion.descend {
      try enter(body.scope)
      autoescape = try evaluate(value).isTrue
      return try run(body.body)
    }
  }

  /// Calls what the tag names, giving it the body as `caller`.
  private func runCall(_ call: Expression, _ definition: Macro.Definition) throws {
    guard case .postfix(let first, let operations) = call, case .call(let arguments)? = operations.last else {
      throw ChatTemplateError("expected call")
    }
    let callee = try evaluate(.postfix(first, Array(operations.dropLast())))
    var given = try evaluate(arguments)
    try given.add("caller", .function(makeMacro(definition)))
    try write(printed(self.call(callee, given)))
  }

  /// Writes the body and notes where it stands in the text, as transformers does: counted from what the template
  /// itself has written, even where the body is being captured.
  private func runGeneration(_ definition: Macro.Definition) throws {
    let value = try makeMacro(definition).call(Arguments(), in: self)
    let text = try value.text()
    let start = scalarsWritten()
    generationRanges.append(start..<(start + text.count))
    try write(text)
  }
}
