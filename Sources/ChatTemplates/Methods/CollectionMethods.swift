/// The methods of lists, tuples, dictionaries and ranges that do not change them.

enum ListMethods {
  /// Methods that exist, but that the sandbox does not give away.
  static let mutating: Set<Text> = [
    "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove",
  ]

  static func method(_ name: Text, of items: Items, _ receiver: Value) -> Value? {
    guard let builtin = table[name] else { return nil }
    return .function(
      NativeFunction(name.string, depth: items.depth) { arguments, interpreter in
        try interpreter.budget.spend(items.values.count)
        return try builtin.call((items, receiver), as: name, arguments, in: interpreter)
      })
  }

  private static let table: [Text: Builtin<(Items, Value)>] = [
    "copy": Builtin { receiver, _, _ in .list(receiver.0) },
    "count": .positional("value") { receiver, arguments, interpreter in
      let value = arguments.value(0)
      return .int(try receiver.0.values.filter { try $0.equals(value, interpreter.budget) }.count)
    },
    "index": .positional("value", "start?", "stop?") { receiver, arguments, interpreter in
      let values = receiver.0.values
      let bounds = try Slice(arguments.value(1), arguments.value(2), .none, count: values.count)
      let value = arguments.value(0)
      guard let found = try bounds.indices.first(where: { try values[$0].equals(value, interpreter.budget) })
      else { throw ChatTemplateError("\(try value.represented()) is not in \(receiver.1.typeName)") }
      return .int(found)
    },
  ]
}

enum DictMethods {
  /// Methods that exist, but that the sandbox does not give away.
  static let mutating: Set<Text> = ["clear", "pop", "popitem", "setdefault", "update"]

  static func method(_ name: Text, of receiver: Mapping) -> Value? {
    guard let builtin = table[name] else { return nil }
    return .function(
      NativeFunction(name.string, depth: receiver.depth) { arguments, interpreter in
        try builtin.call(receiver, as: name, arguments, in: interpreter)
      })
  }

  private static let table: [Text: Builtin<Mapping>] = [
    "get": .positional("key", "default?") { mapping, arguments, _ in
      try mapping.value(for: arguments.value(0)) ?? arguments.value(1)
    },
    "keys": Builtin { mapping, _, _ in .view(MappingView(mapping: mapping, part: .keys)) },
    "values": Builtin { mapping, _, _ in .view(MappingView(mapping: mapping, part: .values)) },
    "items": Builtin { mapping, _, _ in .view(MappingView(mapping: mapping, part: .items)) },
    "copy": Builtin { mapping, _, _ in .dict(mapping) },
    "fromkeys": .positional("iterable", "value?") { _, arguments, interpreter in
      try DictMethods.fromKeys(arguments, interpreter)
    },
  ]

  static func fromKeys(_ arguments: Bound, _ interpreter: Interpreter) throws -> Value {
    let keys = try arguments.value(0).elements(interpreter.budget)
    return .dict(try Mapping(keys.map { ($0, arguments.value(1)) }))
  }
}

extension IntegerRange {
  func attribute(_ name: Text) -> Value? {
    switch name {
    case "start": .int(start)
    case "stop": .int(stop)
    case "step": .int(step)
    default: nil
    }
  }
}

extension Macro {
  func attribute(_ name: Text) throws -> Value? {
    switch name {
    case "name": definition.name.map { .string($0) } ?? Value.none
    case "arguments": try .tuple(definition.parameters.map { .string($0.name) })
    default: nil
    }
  }
}
