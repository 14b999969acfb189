/// All filters by name.
enum Filters {
  static let table: [Text: Builtin<Value>] =
    text
    .merging(markup) { $1 }
    .merging(numbers) { $1 }
    .merging(sequences) { $1 }
    .merging(ordering) { $1 }
    .merging(selection) { $1 }
    .merging(general) { $1 }

  private static let general: [Text: Builtin<Value>] = [
    "default": fallback,
    "d": fallback,
    "attr": Builtin("name") { value, arguments, interpreter in
      let name = try arguments.text(0)
      if case .undefined(let missing) = value { throw missing.error }
      return try interpreter.nativeAttribute(name, of: value)
        ?? .undefined(.attribute(name, of: value.ownerName))
    },
    "pprint": Builtin { value, _, interpreter in
      .text(try PrettyPrinter.format(value, interpreter.budget))
    },
    "random": Builtin { _, _, _ in
      throw ChatTemplateError("the filter 'random' writes another text every time: name an element instead")
    },
    "tojson": Builtin("ensure_ascii?", "indent?", "separators?", "sort_keys?") {
      value, arguments, interpreter in
      let writer = try JSONWriter(arguments, interpreter.budget)
      return .string(Text(try writer.text(of: value)))
    },
  ]

  private static let fallback = Builtin<Value>("default_value?", "boolean?") { value, arguments, _ in
    let isMissing = value.isUndefined || arguments.flag(1) && !value.isTrue
    return isMissing ? arguments[0] ?? .text("") : value
  }
}

extension Interpreter {
  func filter(_ name: Text, _ value: Value, _ arguments: Arguments) throws -> Value {
    guard let builtin = Filters.table[name] else {
      throw ChatTemplateError("No filter named \(name.represented) found.")
    }
    try budget.spendReading(value)
    return try builtin.call(value, as: name, arguments, in: self)
  }

  func test(_ name: Text, _ value: Value, _ arguments: Arguments) throws -> Bool {
    guard let builtin = Tests.table[name] else {
      throw ChatTemplateError("No test named \(name.represented) found.")
    }
    return try builtin.call(value, as: name, arguments, in: self).isTrue
  }
}

extension Expression {
  /// A complaint about a filter or test that does not exist, unless it stands where it may never be reached.
  func unknownBuiltin(isSoft: Bool) -> String? {
    func first(_ expressions: some Sequence<Expression>) -> String? {
      for expression in expressions {
        if let unknown = expression.unknownBuiltin(isSoft: isSoft) { return unknown }
      }
      return nil
    }
    if isSoft { return nil }
    switch self {
    case .literal, .name, .conditional: return nil
    case .tuple(let items), .list(let items), .and(let items), .or(let items), .concatenation(let items):
      return first(items)
    case .dictionary(let entries): return first(entries.flatMap { [$0.key, $0.value] })
    case .negative(let operand), .positive(let operand), .not(let operand):
      return operand.unknownBuiltin(isSoft: isSoft)
    case .arithmetic(let operand, let rest): return first([operand] + rest.map(\.operand))
    case .comparison(let operand, let rest): return first([operand] + rest.map(\.operand))
    case .postfix(let operand, let operations):
      for operation in operations {
        if let unknown = operation.unknownBuiltin { return unknown }
      }
      return operand.unknownBuiltin(isSoft: isSoft)
    }
  }
}

extension Postfix {
  fileprivate var unknownBuiltin: String? {
    switch self {
    case .attribute: return nil
    case .element(let key): return key.unknownBuiltin(isSoft: false)
    case .slice(let start, let stop, let step):
      return [start, stop, step].lazy.compactMap { $0?.unknownBuiltin(isSoft: false) }.first
    case .call(let arguments): return arguments.unknownBuiltin
    case .filter(let filter): return filter.unknownBuiltin(isSoft: false)
    case .test(let name, let arguments, _):
      return Tests.table[name] == nil ? "No test named \(name.represented)." : arguments.unknownBuiltin
    }
  }
}

extension FilterCall {
  func unknownBuiltin(isSoft: Bool) -> String? {
    if isSoft { return nil }
    return Filters.table[name] == nil ? "No filter named \(name.represented)." : arguments.unknownBuiltin
  }
}

extension CallArguments {
  fileprivate var unknownBuiltin: String? {
    let all = positional + named.map(\.value) + [spread, spreadNamed].compactMap { $0 }
    return all.lazy.compactMap { $0.unknownBuiltin(isSoft: false) }.first
  }
}
