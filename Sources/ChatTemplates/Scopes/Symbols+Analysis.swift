/// Reads the statements of one scope, without those of the scopes inside it, to learn its names.

extension Symbols {
  func analyze(_ statements: [Statement]) {
    for statement in statements { analyze(statement.kind) }
  }

  private func analyze(_ statement: Statement.Kind) {
    switch statement {
    case .text, .leaveLoop, .nextRound, .unavailable, .generation, .autoescape: break
    case .print(let value): analyze(value)
    case .assign(let target, let value):
      analyze(value)
      analyze(target)
    case .assignBlock(let target, _, _): analyze(target)
    case .branch(let branches, let otherwise): analyze(branches[...], otherwise)
    case .loop(let loop): analyze(loop.iterable)
    case .macro(let name, _): store(name.name)
    case .call(let call, _): analyze(call)
    case .filter(let filters, _): analyze(filters)
    case .with(let assignments, _):
      for (_, value) in assignments { analyze(value) }
    }
  }

  /// The first test always runs; every further branch is an `if` of its own beside the first body.
  private func analyze(
    _ branches: ArraySlice<(test: Expression, body: [Statement])>, _ otherwise: [Statement]
  ) {
    guard let first = branches.first else { return }
    analyze(first.test)
    merge([
      { $0.analyze(first.body) },
      { symbols in
        for branch in branches.dropFirst() {
          symbols.analyze(branch.test)
          symbols.merge([{ $0.analyze(branch.body) }])
        }
      },
      { $0.analyze(otherwise) },
    ])
  }

  func analyze(_ expression: Expression) {
    expression.forEachName { load($0.name) }
  }

  func analyze(_ target: Target) {
    target.forEachName { store($0.name) }
    target.forEachNamespace { load($0.name) }
  }

  func analyze(_ filters: [FilterCall]) {
    for filter in filters { filter.arguments.forEachName { load($0.name) } }
  }
}
