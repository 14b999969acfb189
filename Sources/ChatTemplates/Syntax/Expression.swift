/// The syntax tree of expressions. Chains of operators of one precedence and of postfix operations are flat, so that
/// only brackets make the tree deep.

/// One mention of a variable. Which variable it is follows from the scopes around it: see `ScopeResolver`.
struct NameUse: Sendable {
  /// Counts the mentions in a template.
  let id: Int
  let name: Text
}

indirect enum Expression: Sendable {
  case literal(Literal)
  case name(NameUse)
  case tuple([Expression])
  case list([Expression])
  case dictionary([(key: Expression, value: Expression)])
  case negative(Expression)
  case positive(Expression)
  case not(Expression)
  case and([Expression])
  case or([Expression])
  /// `first + a - b`, from left to right.
  case arithmetic(Expression, [(operation: Arithmetic, operand: Expression)])
  /// `a ~ b ~ c`.
  case concatenation([Expression])
  /// `first < a <= b`, each beside its neighbour.
  case comparison(Expression, [(operation: Comparison, operand: Expression)])
  case conditional(test: Expression, then: Expression, otherwise: Expression?)
  /// `first.a[b](c)|d is e`, from left to right.
  case postfix(Expression, [Postfix])
}

enum Literal: Sendable {
  case none
  case bool(Bool)
  case int(Integer)
  case float(Double)
  case string(Text)
}

enum Arithmetic: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case modulo = "%"
  case power = "**"
}

enum Comparison: Sendable {
  case equal, notEqual, contained, notContained
  case ordered(Value.Order)
}

enum Postfix: Sendable {
  case attribute(Text)
  case element(Expression)
  case slice(start: Expression?, stop: Expression?, step: Expression?)
  case call(CallArguments)
  case filter(FilterCall)
  case test(Text, CallArguments, negated: Bool)
}

struct FilterCall: Sendable {
  let name: Text
  let arguments: CallArguments
  let line: Int
}

struct CallArguments: Sendable {
  var positional: [Expression] = []
  var named: [(name: Text, value: Expression)] = []
  /// `*values`
  var spread: Expression?
  /// `**mapping`
  var spreadNamed: Expression?
}

extension Expression {
  /// Tells of every variable mentioned, in the order of the source.
  func forEachName(_ visit: (NameUse) throws -> Void) rethrows {
    switch self {
    case .literal: break
    case .name(let use): try visit(use)
    case .tuple(let items), .list(let items), .and(let items), .or(let items), .concatenation(let items):
      for item in items { try item.forEachName(visit) }
    case .dictionary(let entries):
      for (key, value) in entries {
        try key.forEachName(visit)
        try value.forEachName(visit)
      }
    case .negative(let operand), .positive(let operand), .not(let operand): try operand.forEachName(visit)
    case .arithmetic(let first, let rest):
      try first.forEachName(visit)
      for (_, operand) in rest { try operand.forEachName(visit) }
    case .comparison(let first, let rest):
      try first.forEachName(visit)
      for (_, operand) in rest { try operand.forEachName(visit) }
    case .conditional(let test, let then, let otherwise):
      try test.forEachName(visit)
      try then.forEachName(visit)
      try otherwise?.forEachName(visit)
    case .postfix(let first, let operations):
      try first.forEachName(visit)
      for operation in operations { try operation.forEachName(visit) }
    }
  }
}

extension Postfix {
  fileprivate func forEachName(_ visit: (NameUse) throws -> Void) rethrows {
    switch self {
    case .attribute: break
    case .element(let key): try key.forEachName(visit)
    case .slice(let start, let stop, let step):
      for bound in [start, stop, step] { try bound?.forEachName(visit) }
    case .call(let arguments), .test(_, let arguments, _): try arguments.forEachName(visit)
    case .filter(let call): try call.arguments.forEachName(visit)
    }
  }
}

extension CallArguments {
  func forEachName(_ visit: (NameUse) throws -> Void) rethrows {
    for value in positional { try value.forEachName(visit) }
    for (_, value) in named { try value.forEachName(visit) }
    try spread?.forEachName(visit)
    try spreadNamed?.forEachName(visit)
  }
}
