/// The filters that take sequences apart and put them together.

extension Filters {
  static let sequences: [Text: Builtin<Value>] = [
    "length": length,
    "count": length,
    "list": Builtin { value, _, interpreter in try .list(value.elements(interpreter.budget)) },
    "first": Builtin { value, _, _ in
      var iterator = try ValueIterator(value)
      return try iterator.next() ?? .undefined("No first item, sequence was empty.")
    },
    "last": Builtin { value, _, interpreter in
      guard let values = try value.reversible(interpreter.budget) else {
        throw ChatTemplateError("'\(value.typeName)' object is not reversible")
      }
      return values.last ?? .undefined("No last item, sequence was empty.")
    },
    "reverse": Builtin { value, _, interpreter in try reversed(value, interpreter) },
    "join": Builtin("d?", "attribute?") { value, arguments, interpreter in
      let separator = arguments[0] == nil ? "" : try arguments.value(0).text()
      let path = AttributePath(arguments.value(1))
      let pieces = try value.elements(interpreter.budget).map { try path.value(in: $0, interpreter).text() }
      return .string(try Text.joined(pieces, by: separator, interpreter.budget))
    },
    "items": Builtin { value, _, interpreter in
      try generator(over: [value]) {
        if value.isUndefined { return [] }
        guard case .dict(let mapping) = value else {
          throw ChatTemplateError("Can only get item pairs from a mapping.")
        }
        return try MappingView(mapping: mapping, part: .items).values()
      }
    },
    "batch": Builtin("linecount", "fill_with?") { value, arguments, interpreter in
      try generator(over: [value, arguments.value(1)]) { try batches(of: value, arguments, interpreter) }
    },
    "slice": Builtin("slices", "fill_with?") { value, arguments, interpreter in
      try generator(over: [value, arguments.value(1)]) { try slices(of: value, arguments, interpreter) }
    },
    "sum": Builtin("attribute?", "start?") { value, arguments, interpreter in
      let path = AttributePath(arguments.value(0))
      let start = arguments[1] ?? .int(0)
      if case .string = start {
        throw ChatTemplateError("sum() can't sum strings [use ''.join(seq) instead]")
      }
      return try value.elements(interpreter.budget).reduce(start) {
        try interpreter.combine($0, .add, try path.value(in: $1, interpreter))
      }
    },
  ]

  private static let length = Builtin<Value> { value, _, _ in .int(try value.length()) }

  /// An iterator over values that are made when the first is asked for.
  static func generator(over sources: [Value], _ make: @escaping () throws -> [Value]) throws -> Value {
    var made: ValueIterator?
    return .iterator(
      try Iteration(over: sources) {
        var iterator = try made ?? ValueIterator(values: make())
        defer { made = iterator }
        return try iterator.next()
      })
  }

  private static func reversed(_ value: Value, _ interpreter: Interpreter) throws -> Value {
    if case .string(let text) = value { return .string(Text(text.scalars.reversed()).marked(like: text)) }
    let typeName: String
    switch value {
    case .list: typeName = "list_reverseiterator"
    case .dict: typeName = "dict_reversekeyiterator"
    case .view(let view):
      typeName =
        "dict_reverse\(["keys": "key", "values": "value", "items": "item"][view.part.rawValue] ?? "")iterator"
    case .range: typeName = "range_iterator"
    default: typeName = "reversed"
    }
    if let values = try value.reversible(interpreter.budget) {
      var iterator = ValueIterator(values: values.reversed())
      return .iterator(try Iteration(typeName, over: [value]) { try iterator.next() })
    }
    guard case .iterator = value else { throw ChatTemplateError("argument must be iterable") }
    return try .list(value.elements(interpreter.budget).reversed())
  }

  private static func batches(of value: Value, _ arguments: Bound, _ interpreter: Interpreter) throws
    -> [Value]
  {
    let size = try arguments.int(0, default: 1)
    let values = try value.elements(interpreter.budget)
    var batches: [[Value]] = values.isEmpty ? [] : [[]]
    for element in values {
      if batches[batches.count - 1].count == size { batches.append([]) }
      batches[batches.count - 1].append(element)
    }
    if let fill = arguments[1], !fill.isNone, let last = batches.last, last.count < size {
      try interpreter.budget.spendElements(1, times: size)
      batches[batches.count - 1] += Array(repeating: fill, count: size - last.count)
    }
    return try batches.map { try .list($0) }
  }

  private static func slices(of value: Value, _ arguments: Bound, _ interpreter: Interpreter) throws
    -> [Value]
  {
    let values = try value.elements(interpreter.budget)
    let count = try arguments.int(0, default: 1)
    guard count != 0 else { throw ChatTemplateError("integer division or modulo by zero") }
    guard count > 0 else { return [] }
    try interpreter.budget.spendElements(1, times: count)
    let (size, extra) = values.count.quotientAndRemainder(dividingBy: count)
    var start = 0
    return try (0..<count).map { index in
      let end = start + size + (index < extra ? 1 : 0)
      var part = Array(values[start..<end])
      start = end
      if let fill = arguments[1], !fill.isNone, index >= extra { part.append(fill) }
      return try .list(part)
    }
  }
}

extension Value {
  /// The elements of what Python can walk backwards; nil for iterators and what is not iterable.
  fileprivate func reversible(_ budget: Budget) throws -> [Value]? {
    switch self {
    case .undefined, .string, .list, .tuple, .dict, .view, .range: try elements(budget)
    default: nil
    }
  }
}

/// A way into nested values, such as "function.name" or "0.text", as filters take it.
struct AttributePath {
  private let keys: [Value]

  /// No path at all, for none, leads to the value itself.
  init(_ path: Value) {
    switch path {
    case .none: keys = []
    case .string(let text):
      keys = text.split(separator: ".").map { part in
        let isNumber = !part.isEmpty && part.scalars.allSatisfy(\.isDecimalDigit)
        return isNumber ? part.parsedInteger(base: 10).map { .int($0) } ?? .string(part) : .string(part)
      }
    default: keys = [path]
    }
  }

  /// - Parameter missing: what to go on with where something is not there.
  func value(in root: Value, _ interpreter: Interpreter, missing: Value = .none) throws -> Value {
    var value = root
    for key in keys {
      value = try interpreter.element(key, of: value)
      if value.isUndefined, !missing.isNone { value = missing }
    }
    return value
  }
}
