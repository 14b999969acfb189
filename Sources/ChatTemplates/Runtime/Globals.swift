/// The functions every template can call.
enum Globals {
  static func all() -> [Text: Value] {
    [
      "range": .function(NativeFunction("range", range)),
      "dict": .function(
        NativeFunction(
          "dict", attributes: ["fromkeys": .function(NativeFunction("fromkeys", fromKeys))], dict)),
      "namespace": .function(NativeFunction("namespace", namespace)),
      "cycler": .function(
        NativeFunction("cycler") { arguments, _ in .object(try Cycler(arguments.positional)) }),
      "joiner": .function(NativeFunction("joiner", joiner)),
      "lipsum": .function(NativeFunction("lipsum", lipsum)),
      "raise_exception": .function(NativeFunction("raise_exception", raiseException)),
      "strftime_now": .function(NativeFunction("strftime_now", strftimeNow)),
    ]
  }

  private static func range(_ arguments: Arguments, _ interpreter: Interpreter) throws -> Value {
    guard arguments.named.isEmpty else { throw ChatTemplateError("range() takes no keyword arguments") }
    let numbers = try arguments.positional.map { try $0.index() }
    guard (1...3).contains(numbers.count) else {
      throw ChatTemplateError("range expected 1 to 3 arguments, got \(numbers.count)")
    }
    let start = numbers.count == 1 ? 0 : numbers[0]
    let stop = numbers.count == 1 ? numbers[0] : numbers[1]
    let step = numbers.count == 3 ? numbers[2] : 1
    guard step != 0 else { throw ChatTemplateError("range() arg 3 must not be zero") }
    let (distance, overflow) =
      step > 0 ? stop.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(stop)
    let count = overflow ? Int.max : distance <= 0 ? 0 : (distance - 1) / Int(clamping: step.magnitude) + 1
    guard count <= Limits.range else {
      throw ChatTemplateError(
        "Range too big. The sandbox blocks ranges larger than MAX_RANGE (\(Limits.range)).")
    }
    return .range(IntegerRange(start: start, step: step, count: count, stop: stop))
  }

  private static func dict(_ arguments: Arguments, _ interpreter: Interpreter) throws -> Value {
    .dict(try mapping(arguments, "dict", interpreter))
  }

  private static func mapping(
    _ arguments: Arguments, _ name: String, _ interpreter: Interpreter
  ) throws -> Mapping {
    guard arguments.positional.count <= 1 else {
      throw ChatTemplateError("\(name) expected at most 1 argument, got \(arguments.positional.count)")
    }
    var mapping = Mapping()
    switch arguments.positional.first {
    case nil: break
    case .undefined(let missing)?: throw missing.error
    case .dict(let given)?: mapping = given
    case let pairs?:
      for (index, pair) in try pairs.elements(interpreter.budget).enumerated() {
        let parts = try pair.elements(interpreter.budget)
        guard parts.count == 2 else {
          throw ChatTemplateError(
            "dictionary update sequence element #\(index) has length \(parts.count); 2 is required")
        }
        try mapping.set(parts[0], to: parts[1])
      }
    }
    for (name, value) in arguments.named { try mapping.set(name, to: value) }
    return mapping
  }

  private static func fromKeys(_ arguments: Arguments, _ interpreter: Interpreter) throws -> Value {
    try Builtin<Void>("iterable", "value?") { _, bound, interpreter in
      try DictMethods.fromKeys(bound, interpreter)
    }.call((), as: "fromkeys", arguments, in: interpreter)
  }

  private static func namespace(_ arguments: Arguments, _ interpreter: Interpreter) throws -> Value {
    let namespace = interpreter.makeNamespace()
    for (key, value) in try mapping(arguments, "namespace", interpreter).entries {
      guard case .string(let name) = key else { continue }
      try namespace.set(name, to: value)
    }
    return .object(namespace)
  }

  private static func joiner(_ arguments: Arguments, _ interpreter: Interpreter) throws -> Value {
    try Builtin<Void>("sep?") { _, bound, _ in
      .object(try Joiner(separator: bound[0] ?? .text(", ")))
    }.call((), as: "joiner", arguments, in: interpreter)
  }

  private static func lipsum(_ arguments: Arguments, _ interpreter: Interpreter) throws -> Value {
    throw ChatTemplateError("lipsum() writes another text every time: put a fixed text in its place")
  }

  private static func raiseException(_ arguments: Arguments, _ interpreter: Interpreter) throws -> Value {
    try Builtin<Void>("message") { _, bound, _ in
      throw ChatTemplateError(try bound.value(0).text().string)
    }.call((), as: "raise_exception", arguments, in: interpreter)
  }

  private static func strftimeNow(_ arguments: Arguments, _ interpreter: Interpreter) throws -> Value {
    try Builtin<Void>("format") { _, bound, interpreter in
      .string(interpreter.now.formatted(try bound.text(0)))
    }.call((), as: "strftime_now", arguments, in: interpreter)
  }
}

/// `cycler(…)`: gives its values one after the other, round and round.
final class Cycler: TemplateObject {
  let typeName = "Cycler"
  let moduleName = "jinja2.utils"
  let depth: Int
  private let values: [Value]
  private var position = 0

  init(_ values: [Value]) throws {
    guard !values.isEmpty else { throw ChatTemplateError("at least one item has to be provided") }
    self.values = values
    depth = try Items(values).depth
  }

  func attribute(_ name: Text, in interpreter: Interpreter) throws -> Value? {
    switch name {
    case "current": return values[position]
    case "items": return try .tuple(values)
    case "pos": return .int(position)
    case "next":
      return .function(
        NativeFunction("next", depth: depth) { _, _ in
          defer { self.position = (self.position + 1) % self.values.count }
          return self.values[self.position]
        })
    case "reset":
      return .function(
        NativeFunction("reset", depth: depth) { _, _ in
          self.position = 0
          return .none
        })
    default: return nil
    }
  }
}

/// `joiner(…)`: nothing at its first call, the separator at every other.
final class Joiner: TemplateObject {
  let typeName = "Joiner"
  let moduleName = "jinja2.utils"
  let depth: Int
  private let separator: Value
  private var isUsed = false

  init(separator: Value) throws {
    self.separator = separator
    depth = try Limits.containerDepth(around: separator.depth)
  }

  func call() -> Value {
    defer { isUsed = true }
    return isUsed ? separator : .text("")
  }

  func attribute(_ name: Text, in interpreter: Interpreter) -> Value? {
    switch name {
    case "sep": separator
    case "used": .bool(isUsed)
    default: nil
    }
  }
}
