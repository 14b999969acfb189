/// Decides, once per template, which variable every mention of a name is. Jinja settles this before it renders, and
/// it shows: a name assigned anywhere in a scope belongs to that scope from its start.
struct ScopeResolver {
  private var layouts: [FunctionLayout]
  private var slots: [Slot?]
  private var scopes: [[Entry]]
  private var slotCounts: [Int]

  static func resolve(_ syntax: Syntax) throws -> CompiledTemplate {
    var resolver = ScopeResolver(syntax)
    let root = Symbols(function: FunctionLayout(id: 0, depth: 0), parent: nil)
    resolver.layouts = [root.function]
    root.analyze(syntax.body)
    try resolver.resolve(syntax.body, in: root)
    resolver.finish()
    return CompiledTemplate(
      body: syntax.body, rootEntries: resolver.entries(of: root), slots: resolver.slots,
      scopes: resolver.scopes,
      slotCounts: resolver.slotCounts, hasGeneration: syntax.hasGeneration)
  }

  private init(_ syntax: Syntax) {
    layouts = []
    slots = Array(repeating: nil, count: syntax.nameCount)
    scopes = Array(repeating: [], count: syntax.scopeCount)
    slotCounts = Array(repeating: 0, count: syntax.functionCount)
  }

  private mutating func finish() {
    for layout in layouts { slotCounts[layout.id] = layout.count }
  }

  // MARK: Statements

  private mutating func resolve(_ statements: [Statement], in symbols: Symbols, isSoft: Bool = false) throws {
    for statement in statements {
      do {
        try resolve(statement.kind, in: symbols, isSoft: isSoft)
      } catch var error as ChatTemplateError {
        error.line = error.line ?? statement.line
        throw error
      }
    }
  }

  /// - Parameter isSoft: whether the statement may never run, so that it may name filters that do not exist.
  private mutating func resolve(_ statement: Statement.Kind, in symbols: Symbols, isSoft: Bool) throws {
    switch statement {
    case .text, .leaveLoop, .nextRound, .unavailable: break
    case .print(let value): try resolve(value, in: symbols, isSoft)
    case .assign(let target, let value):
      try resolve(value, in: symbols, isSoft)
      resolve(target, in: symbols)
    case .assignBlock(let target, let filters, let body):
      let inner = Symbols(function: symbols.function, parent: symbols)
      inner.analyze(filters)
      try resolve(body, in: inner)
      try resolve(filters, in: inner, false)
      resolve(target, in: symbols)
    case .branch(let branches, let otherwise):
      for (test, body) in branches {
        try resolve(test, in: symbols, true)
        try resolve(body, in: symbols, isSoft: true)
      }
      try resolve(otherwise, in: symbols, isSoft: true)
    case .loop(let loop): try resolve(loop, in: symbols, isSoft)
    case .macro(let name, let definition):
      try resolve(definition, in: symbols)
      resolve(name, in: symbols)
    case .call(let call, let definition):
      try resolve(definition, in: symbols)
      try resolve(call, in: symbols, isSoft)
    case .generation(let definition): try resolve(definition, in: symbols)
    case .filter(let filters, let body):
      let inner = Symbols(function: symbols.function, parent: symbols)
      inner.analyze(filters)
      try resolve(body, in: inner)
      try resolve(filters, in: inner, false)
    case .with(let assignments, let body):
      let inner = Symbols(function: symbols.function, parent: symbols)
      for (target, value) in assignments {
        target.forEachName { inner.declareParameter($0.name) }
        try resolve(value, in: symbols, isSoft)
      }
      try resolve(body, in: inner)
      for (target, _) in assignments { resolve(target, in: inner) }
    case .autoescape(let value, let body):
      let inner = Symbols(function: symbols.function, parent: symbols)
      inner.analyze(value)
      try resolve(body, in: inner)
      try resolve(value, in: inner, false)
    }
  }

  /// A body whose symbols may already know names that its tag mentions.
  private mutating func resolve(_ body: Scoped, in symbols: Symbols) throws {
    symbols.analyze(body.body)
    try resolve(body.body, in: symbols)
    scopes[body.scope] = entries(of: symbols)
  }

  private mutating func resolve(_ loop: Loop, in outer: Symbols, _ isSoft: Bool) throws {
    try resolve(loop.iterable, in: outer, isSoft)
    if let filter = loop.filter {
      let inner = Symbols(function: layout(filter.function, inside: outer), parent: outer)
      filter.target.forEachName { inner.declareParameter($0.name) }
      inner.analyze(filter.test)
      resolve(filter.target, in: inner)
      try resolve(filter.test, in: inner, false)
      scopes[filter.scope] = entries(of: inner)
    }
    let function = loop.recursive.map { layout($0, inside: outer) } ?? outer.function
    let inner = Symbols(function: function, parent: outer)
    let usesState =
      loop.recursive != nil || loop.body.body.mentions([loop.state.name]).contains(loop.state.name)
    if usesState { inner.declareParameter(loop.state.name) }
    loop.target.forEachName { inner.declareParameter($0.name) }
    try resolve(loop.body, in: inner)
    resolve(loop.target, in: inner)
    if usesState { resolve(loop.state, in: inner) }
    if assignsState(loop) {
      throw ChatTemplateError("Can't assign to special loop variable in for-loop target")
    }
    if let otherwise = loop.otherwise {
      try resolve(otherwise, in: Symbols(function: function, parent: outer))
    }
  }

  private func assignsState(_ loop: Loop) -> Bool {
    var found = false
    loop.target.forEachName { found = found || $0.name == loop.state.name }
    loop.body.body.forEachName { use, role in
      found = found || role == .stored && use.name == loop.state.name
    }
    return found
  }

  private mutating func resolve(_ definition: Macro.Definition, in outer: Symbols) throws {
    let inner = Symbols(function: layout(definition.function, inside: outer), parent: outer)
    for parameter in definition.parameters { inner.declareParameter(parameter.name) }
    for value in definition.defaults { inner.analyze(value) }
    let mentioned = definition.body.mentions(
      [definition.caller.name, definition.kwargs.name, definition.varargs.name])
    let declared = Set(definition.parameters.map(\.name))
    for special in [definition.caller, definition.kwargs, definition.varargs]
    where mentioned.contains(special.name) {
      if declared.contains(special.name) {
        try checkExplicitCaller(definition, special)
        continue
      }
      inner.declareParameter(special.name)
      resolve(special, in: inner)
    }
    inner.analyze(definition.body)
    for parameter in definition.parameters { resolve(parameter, in: inner) }
    for value in definition.defaults { try resolve(value, in: inner, false) }
    try resolve(definition.body, in: inner)
    scopes[definition.scope] = entries(of: inner)
  }

  private func checkExplicitCaller(_ definition: Macro.Definition, _ special: NameUse) throws {
    let required = definition.parameters.dropLast(definition.defaults.count)
    if special.id == definition.caller.id, required.contains(where: { $0.name == special.name }) {
      throw ChatTemplateError(
        "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default."
      )
    }
  }

  // MARK: Names

  private mutating func resolve(_ expression: Expression, in symbols: Symbols, _ isSoft: Bool) throws {
    expression.forEachName { resolve($0, in: symbols) }
    if let unknown = expression.unknownBuiltin(isSoft: isSoft) { throw ChatTemplateError(unknown) }
  }

  private mutating func resolve(_ filters: [FilterCall], in symbols: Symbols, _ isSoft: Bool) throws {
    for filter in filters {
      filter.arguments.forEachName { resolve($0, in: symbols) }
      if let unknown = filter.unknownBuiltin(isSoft: isSoft) {
        throw ChatTemplateError(unknown, line: filter.line)
      }
    }
  }

  private mutating func resolve(_ target: Target, in symbols: Symbols) {
    target.forEachName { resolve($0, in: symbols) }
    target.forEachNamespace { resolve($0, in: symbols) }
  }

  private mutating func resolve(_ use: NameUse, in symbols: Symbols) {
    slots[use.id] = symbols.reference(use.name).map { slot($0, in: symbols) }
  }

  private func slot(_ variable: Variable, in symbols: Symbols) -> Slot {
    Slot(hops: symbols.function.depth - variable.depth, index: variable.index)
  }

  private mutating func layout(_ id: FunctionID, inside outer: Symbols) -> FunctionLayout {
    let layout = FunctionLayout(id: id, depth: outer.function.depth + 1)
    layouts.append(layout)
    return layout
  }

  private func entries(of symbols: Symbols) -> [Entry] {
    symbols.loads.compactMap { variable, load in
      switch load {
      case .parameter: nil
      case .resolve(let name): Entry(index: variable.index, source: .resolve(name))
      case .alias(let outer): Entry(index: variable.index, source: .copy(slot(outer, in: symbols)))
      case .undefined: Entry(index: variable.index, source: .nothing)
      }
    }
  }
}
