/// Looks through whole bodies, scopes inside them included, for the special names that Jinja provides where they are
/// mentioned: `loop` in loops, `caller`, `kwargs` and `varargs` in macros.

enum NameRole { case loaded, stored }

extension [Statement] {
  /// Which of `names` are read here before anything of that name is assigned.
  func mentions(_ names: Set<Text>) -> Set<Text> {
    var open = names
    var found: Set<Text> = []
    forEachName { use, role in
      guard open.contains(use.name) else { return }
      if role == .loaded { found.insert(use.name) } else { open.remove(use.name) }
    }
    return found
  }

  func forEachName(_ visit: (NameUse, NameRole) -> Void) {
    for statement in self { statement.kind.forEachName(visit) }
  }
}

extension Statement.Kind {
  fileprivate func forEachName(_ visit: (NameUse, NameRole) -> Void) {
    func load(_ expression: Expression?) { expression?.forEachName { visit($0, .loaded) } }
    func store(_ target: Target) { target.forEachName { visit($0, .stored) } }
    func load(_ filters: [FilterCall]) {
      for filter in filters { filter.arguments.forEachName { visit($0, .loaded) } }
    }
    switch self {
    case .text, .leaveLoop, .nextRound, .unavailable: break
    case .print(let value): load(value)
    case .assign(let target, let value):
      store(target)
      load(value)
    case .assignBlock(let target, let filters, let body):
      store(target)
      load(filters)
      body.body.forEachName(visit)
    case .branch(let branches, let otherwise):
      for (test, body) in branches {
        load(test)
        body.forEachName(visit)
      }
      otherwise.forEachName(visit)
    case .loop(let loop):
      store(loop.target)
      load(loop.iterable)
      loop.body.body.forEachName(visit)
      loop.otherwise?.body.forEachName(visit)
      load(loop.filter?.test)
    case .macro(_, let definition), .generation(let definition): definition.forEachName(visit)
    case .call(let call, let definition):
      load(call)
      definition.forEachName(visit)
    case .filter(let filters, let body):
      body.body.forEachName(visit)
      load(filters)
    case .with(let assignments, let body):
      for (target, _) in assignments { store(target) }
      for (_, value) in assignments { load(value) }
      body.body.forEachName(visit)
    case .autoescape(let value, let body):
      load(value)
      body.body.forEachName(visit)
    }
  }
}

extension Macro.Definition {
  fileprivate func forEachName(_ visit: (NameUse, NameRole) -> Void) {
    for parameter in parameters { visit(parameter, .stored) }
    for value in defaults { value.forEachName { visit($0, .loaded) } }
    body.forEachName(visit)
  }
}
