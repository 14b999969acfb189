/// The grammar of each tag.

extension Parser {
  func set() throws -> Statement.Kind {
    next()
    let target = try target(allowsAttributes: true)
    if skip(.assign) { return .assign(target, try tupleOrExpression()) }
    let filters = try filterChain(startsInline: false)
    return .assignBlock(target, filters: filters, try scopedBody(until: "endset"))
  }

  func branch() throws -> Statement.Kind {
    var branches: [(test: Expression, body: [Statement])] = []
    repeat {
      next()
      let test = try tupleOrExpression(allowsConditional: false)
      branches.append((test, try body(until: "elif", "else", "endif")))
    } while current.isName("elif")
    let hasElse = next().isName("else")
    return .branch(branches, otherwise: hasElse ? try closedBody(until: "endif") : [])
  }

  func loop() throws -> Statement.Kind {
    next()
    let start = position
    let target = try target(endsAt: "in")
    let targetEnd = position
    try expect(name: "in")
    let iterable = try tupleOrExpression(allowsConditional: false, endsAt: "recursive")
    var filter: Loop.Filter?
    if skip(name: "if") {
      let test = try expression()
      let afterTest = position
      position = start
      let again = try self.target(endsAt: "in")
      guard position == targetEnd else { throw unexpected(wanted: "in") }
      position = afterTest
      filter = Loop.Filter(target: again, test: test, scope: newScope(), function: newFunction())
    }
    let recursive = skip(name: "recursive") ? newFunction() : nil
    loopDepth += 1
    let outer = loopDepth
    let body = Scoped(scope: newScope(), body: try body(until: "endfor", "else"))
    loopDepth = recursive == nil ? outer - 1 : 0
    let otherwise = next().isName("else") ? try scopedBody(until: "endfor") : nil
    loopDepth = outer - 1
    return .loop(
      Loop(
        target: target, iterable: iterable, filter: filter, state: use("loop"), body: body,
        otherwise: otherwise,
        recursive: recursive))
  }

  func with() throws -> Statement.Kind {
    next()
    var assignments: [(target: Target, value: Expression)] = []
    while !current.isTagEnd {
      if !assignments.isEmpty { try expect(.comma) }
      let target = try target()
      try expect(.assign)
      assignments.append((target, try expression()))
    }
    return .with(assignments, try scopedBody(until: "endwith"))
  }

  func macro() throws -> Statement.Kind {
    next()
    let line = current.line
    let name = try expectName()
    try checkAssignable(name, line: line)
    let (parameters, defaults) = try signature()
    return .macro(
      use(name), try definition(named: name, parameters, defaults, until: "endmacro"))
  }

  func callBlock() throws -> Statement.Kind {
    let line = next().line
    let (parameters, defaults) = current.isSymbol(.openParenthesis) ? try signature() : ([], [])
    let call = try expression()
    guard case .postfix(_, let operations) = call, case .call? = operations.last else {
      throw fail("expected call", line: line)
    }
    return .call(call, try definition(named: nil, parameters, defaults, until: "endcall"))
  }

  func generation() throws -> Statement.Kind {
    next()
    hasGeneration = true
    return .generation(try definition(named: nil, [], [], until: "endgeneration"))
  }

  func filterBlock() throws -> Statement.Kind {
    next()
    return .filter(try filterChain(startsInline: true), try scopedBody(until: "endfilter"))
  }

  private func definition(
    named name: Text?, _ parameters: [NameUse], _ defaults: [Expression], until end: Text
  ) throws -> Macro.Definition {
    let loops = loopDepth
    loopDepth = 0
    defer { loopDepth = loops }
    let scope = newScope()
    let function = newFunction()
    let specials = (caller: use("caller"), kwargs: use("kwargs"), varargs: use("varargs"))
    let body = try closedBody(until: end)
    return Macro.Definition(
      name: name, parameters: parameters, defaults: defaults, caller: specials.caller,
      kwargs: specials.kwargs,
      varargs: specials.varargs, scope: scope, function: function, body: body)
  }

  private func signature() throws -> (parameters: [NameUse], defaults: [Expression]) {
    try expect(.openParenthesis)
    var parameters: [NameUse] = []
    var defaults: [Expression] = []
    while !current.isSymbol(.closeParenthesis) {
      if !parameters.isEmpty { try expect(.comma) }
      let line = current.line
      let name = try expectName()
      try checkAssignable(name, line: line)
      parameters.append(use(name))
      if skip(.assign) {
        defaults.append(try expression())
      } else if !defaults.isEmpty {
        throw fail("non-default argument follows default argument")
      }
    }
    try expect(.closeParenthesis)
    return (parameters, defaults)
  }

  // MARK: Targets

  /// - Parameter endsAt: the name that ends a list of targets.
  private func target(allowsAttributes: Bool = false, endsAt end: Text? = nil) throws -> Target {
    let line = current.line
    let source = try tuple(endsAt: end) {
      if allowsAttributes, case .name(let name) = current.kind, following.isSymbol(.dot) {
        next()
        next()
        // Read as an attribute, turned into a target below.
        return .postfix(.name(use(name)), [.attribute(try expectName())])
      }
      return try primary()
    }
    return try target(source, allowsAttributes: allowsAttributes, line: line)
  }

  private func target(_ source: Expression, allowsAttributes: Bool, line: Int) throws -> Target {
    switch source {
    case .name(let use):
      return .name(use)
    case .tuple(let items):
      return .tuple(try items.map { try target($0, allowsAttributes: allowsAttributes, line: line) })
    case .postfix(.name(let use), let operations):
      if allowsAttributes, operations.count == 1, case .attribute(let name)? = operations.first {
        return .attribute(use, name)
      }
      throw fail("can't assign to 'getattr'", line: line)
    case .literal: throw fail("can't assign to 'const'", line: line)
    case .list: throw fail("can't assign to 'list'", line: line)
    case .dictionary: throw fail("can't assign to 'dict'", line: line)
    default: throw fail("can't assign to an expression", line: line)
    }
  }

  private func checkAssignable(_ name: Text, line: Int) throws {
    if ["true", "false", "none", "True", "False", "None"].contains(name) {
      throw fail("can't assign to 'name'", line: line)
    }
  }
}
