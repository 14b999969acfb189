/// All tests, which follow `is`, by name.
enum Tests {
  static let table: [Text: Builtin<Value>] = kinds.merging(comparisons) { $1 }.merging(others) { $1 }

  private static let kinds: [Text: Builtin<Value>] = [
    "defined": asking { !$0.isUndefined },
    "undefined": asking { $0.isUndefined },
    "none": asking { $0.isNone },
    "boolean": asking { if case .bool = $0 { true } else { false } },
    "true": asking { if case .bool(true) = $0 { true } else { false } },
    "false": asking { if case .bool(false) = $0 { true } else { false } },
    "integer": asking { if case .int = $0 { true } else { false } },
    "float": asking { if case .float = $0 { true } else { false } },
    "number": asking { $0.number != nil },
    "string": asking { if case .string = $0 { true } else { false } },
    "mapping": asking { if case .dict = $0 { true } else { false } },
    "sequence": asking {
      switch $0 {
      case .undefined, .string, .bytes, .list, .tuple, .dict, .range: true
      default: false
      }
    },
    "iterable": asking {
      if case .object(let object) = $0 { object is LoopState } else { (try? ValueIterator($0)) != nil }
    },
    "callable": asking {
      switch $0 {
      case .undefined, .function: true
      case .object(let object): object is LoopState || object is Joiner
      default: false
      }
    },
    "escaped": asking { if case .string(let text) = $0 { text.isMarkup } else { false } },
  ]

  private static let comparisons: [Text: Builtin<Value>] = [
    "==": equal, "eq": equal, "equalto": equal,
    "!=": unequal, "ne": unequal,
    ">": ordered(.greater), "gt": ordered(.greater), "greaterthan": ordered(.greater),
    ">=": ordered(.greaterOrEqual), "ge": ordered(.greaterOrEqual),
    "<": ordered(.less), "lt": ordered(.less), "lessthan": ordered(.less),
    "<=": ordered(.lessOrEqual), "le": ordered(.lessOrEqual),
    "sameas": Builtin("other") { value, arguments, _ in .bool(value.isSame(as: arguments.value(0))) },
    "in": Builtin("seq") { value, arguments, interpreter in
      .bool(try arguments.value(0).contains(value, interpreter.budget))
    },
  ]

  private static let others: [Text: Builtin<Value>] = [
    "odd": remainder(by: 2, is: 1),
    "even": remainder(by: 2, is: 0),
    "divisibleby": Builtin("num") { value, arguments, interpreter in
      let remainder = try interpreter.combine(value, .modulo, arguments.value(0))
      return .bool(try remainder.equals(.int(0), interpreter.budget))
    },
    "lower": asking { try $0.text().isLowercase },
    "upper": asking { try $0.text().isUppercase },
    "filter": asking { if case .string(let name) = $0 { Filters.table[name] != nil } else { false } },
    "test": asking { if case .string(let name) = $0 { Tests.table[name] != nil } else { false } },
  ]

  private static let equal = Builtin<Value>("other") { value, arguments, interpreter in
    .bool(try value.equals(arguments.value(0), interpreter.budget))
  }

  private static let unequal = Builtin<Value>("other") { value, arguments, interpreter in
    .bool(try !value.equals(arguments.value(0), interpreter.budget))
  }

  private static func asking(_ question: @escaping @Sendable (Value) throws -> Bool) -> Builtin<Value> {
    Builtin { value, _, _ in .bool(try question(value)) }
  }

  private static func ordered(_ order: Value.Order) -> Builtin<Value> {
    Builtin("other") { value, arguments, interpreter in
      .bool(try value.compares(order, to: arguments.value(0), interpreter.budget))
    }
  }

  private static func remainder(by divisor: Int, is wanted: Int) -> Builtin<Value> {
    Builtin { value, _, interpreter in
      let remainder = try interpreter.combine(value, .modulo, .int(divisor))
      return .bool(try remainder.equals(.int(wanted), interpreter.budget))
    }
  }
}
