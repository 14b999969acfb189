/// The syntax tree of tags and text.

struct Statement: Sendable {
  let line: Int
  let kind: Kind

  indirect enum Kind: Sendable {
    case text(Text)
    case print(Expression)
    case assign(Target, Expression)
    case assignBlock(Target, filters: [FilterCall], Scoped)
    case branch([(test: Expression, body: [Statement])], otherwise: [Statement])
    case loop(Loop)
    case macro(NameUse, Macro.Definition)
    case call(Expression, Macro.Definition)
    case generation(Macro.Definition)
    case filter([FilterCall], Scoped)
    case with([(target: Target, value: Expression)], Scoped)
    case autoescape(Expression, Scoped)
    case leaveLoop
    case nextRound
    /// A tag that needs other templates, of which a chat template has none.
    case unavailable(String)
  }
}

/// A body with variables of its own.
struct Scoped: Sendable {
  let scope: ScopeID
  let body: [Statement]
}

/// Counts the scopes in a template.
typealias ScopeID = Int

/// Counts the bodies that run in a frame of their own, such as macros.
typealias FunctionID = Int

/// What `set`, `for` and `with` assign to.
indirect enum Target: Sendable {
  case name(NameUse)
  case tuple([Target])
  /// `namespace.attribute`
  case attribute(NameUse, Text)
}

struct Loop: Sendable {
  let target: Target
  let iterable: Expression
  /// `if` in the head, with the target again as the variables it sees.
  let filter: Filter?
  /// The special variable, if the body mentions it.
  let state: NameUse
  let body: Scoped
  let otherwise: Scoped?
  /// The function that the whole loop makes when it is marked `recursive`.
  let recursive: FunctionID?

  struct Filter: Sendable {
    let target: Target
    let test: Expression
    let scope: ScopeID
    let function: FunctionID
  }
}

extension Target {
  /// The variables assigned to; a namespace whose attribute is assigned is read, not assigned.
  func forEachName(_ visit: (NameUse) throws -> Void) rethrows {
    switch self {
    case .name(let use): try visit(use)
    case .tuple(let targets): for target in targets { try target.forEachName(visit) }
    case .attribute: break
    }
  }

  func forEachNamespace(_ visit: (NameUse) throws -> Void) rethrows {
    switch self {
    case .name: break
    case .tuple(let targets): for target in targets { try target.forEachNamespace(visit) }
    case .attribute(let use, _): try visit(use)
    }
  }
}
