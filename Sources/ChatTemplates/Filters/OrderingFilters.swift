/// The filters that compare elements: sorting, grouping, extremes and duplicates.

extension Filters {
  static let ordering: [Text: Builtin<Value>] = [
    "sort": Builtin("reverse?", "case_sensitive?", "attribute?") { value, arguments, interpreter in
      let values = try value.elements(interpreter.budget)
      let paths = paths(arguments.value(2))
      let keys = try values.map { element -> Value in
        let parts = try paths.map {
          key(try $0.value(in: element, interpreter), caseSensitive: arguments.flag(1))
        }
        return try .list(parts)
      }
      return try .list(Value.sorted(values, by: keys, reverse: arguments.flag(0), interpreter.budget))
    },
    "dictsort": Builtin("case_sensitive?", "by?", "reverse?") { value, arguments, interpreter in
      if case .undefined(let missing) = value { throw missing.error }
      guard case .dict(let mapping) = value else {
        throw ChatTemplateError("'\(value.typeName)' object has no attribute 'items'")
      }
      let by = arguments[1] == nil ? "key" : try arguments.text(1)
      guard by == "key" || by == "value" else {
        throw ChatTemplateError("You can only sort by either \"key\" or \"value\"")
      }
      let keys = mapping.entries.map {
        key(by == "key" ? $0.key : $0.value, caseSensitive: arguments.flag(0))
      }
      let pairs = try MappingView(mapping: mapping, part: .items).values()
      return try .list(Value.sorted(pairs, by: keys, reverse: arguments.flag(2), interpreter.budget))
    },
    "min": Builtin("case_sensitive?", "attribute?") { value, arguments, interpreter in
      try extreme(of: value, .less, arguments, interpreter)
    },
    "max": Builtin("case_sensitive?", "attribute?") { value, arguments, interpreter in
      try extreme(of: value, .greater, arguments, interpreter)
    },
    "unique": Builtin("case_sensitive?", "attribute?") { value, arguments, interpreter in
      let path = AttributePath(arguments.value(1))
      let caseSensitive = arguments.flag(0)
      var iterator = try ValueIterator(value)
      var seen: Set<MappingKey> = []
      return .iterator(
        try Iteration(over: [value]) { [unowned interpreter] in
          while let element = try iterator.next() {
            let found = key(try path.value(in: element, interpreter), caseSensitive: caseSensitive)
            if seen.insert(try MappingKey(found)).inserted { return element }
          }
          return nil
        })
    },
    "groupby": Builtin("attribute", "default?", "case_sensitive?") { value, arguments, interpreter in
      try grouped(value, arguments, interpreter)
    },
  ]

  /// What an element is compared by: texts in lower case, unless case counts.
  private static func key(_ value: Value, caseSensitive: Bool) -> Value {
    if case .string(let text) = value, !caseSensitive { .string(text.lowercased()) } else { value }
  }

  private static func paths(_ attribute: Value) -> [AttributePath] {
    guard case .string(let text) = attribute else { return [AttributePath(attribute)] }
    return text.split(separator: ",").map { AttributePath(.string($0)) }
  }

  private static func extreme(
    of value: Value, _ order: Value.Order, _ arguments: Bound, _ interpreter: Interpreter
  ) throws -> Value {
    let path = AttributePath(arguments.value(1))
    var best: (value: Value, key: Value)?
    for element in try value.elements(interpreter.budget) {
      let key = key(try path.value(in: element, interpreter), caseSensitive: arguments.flag(0))
      if let known = best, try !key.compares(order, to: known.key, interpreter.budget) { continue }
      best = (element, key)
    }
    return best?.value ?? .undefined("No aggregated item, sequence was empty.")
  }

  private static func grouped(_ value: Value, _ arguments: Bound, _ interpreter: Interpreter) throws -> Value
  {
    let path = AttributePath(arguments.value(0))
    let caseSensitive = arguments.flag(2)
    func raw(_ element: Value) throws -> Value {
      try path.value(in: element, interpreter, missing: arguments.value(1))
    }
    let values = try value.elements(interpreter.budget)
    let keys = try values.map { key(try raw($0), caseSensitive: caseSensitive) }
    let sorted = try Value.sorted(values, by: keys, reverse: false, interpreter.budget)
    var groups: [(key: Value, values: [Value])] = []
    for element in sorted {
      let key = key(try raw(element), caseSensitive: caseSensitive)
      if let last = groups.last, try last.key.equals(key, interpreter.budget) {
        groups[groups.count - 1].values.append(element)
      } else {
        groups.append((key, [element]))
      }
    }
    return try .list(
      groups.map { group in
        let key = caseSensitive ? group.key : try raw(group.values[0])
        return .tuple(try Items([key, try .list(group.values)], isGroup: true))
      })
  }
}
