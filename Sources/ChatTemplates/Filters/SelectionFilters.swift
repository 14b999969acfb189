/// The filters that apply a filter or test to each element. What they return is read only as far as it is used.

extension Filters {
  static let selection: [Text: Builtin<Value>] = [
    "map": .variadic { value, arguments, interpreter in
      try lazily(value, arguments.all) { [unowned interpreter] arguments in
        let apply = try mapping(arguments, interpreter)
        return { try apply($0) }
      }
    },
    "select": .variadic { value, arguments, interpreter in
      try selecting(value, arguments.all, byAttribute: false, when: true, interpreter)
    },
    "reject": .variadic { value, arguments, interpreter in
      try selecting(value, arguments.all, byAttribute: false, when: false, interpreter)
    },
    "selectattr": .variadic { value, arguments, interpreter in
      try selecting(value, arguments.all, byAttribute: true, when: true, interpreter)
    },
    "rejectattr": .variadic { value, arguments, interpreter in
      try selecting(value, arguments.all, byAttribute: true, when: false, interpreter)
    },
  ]

  /// An iterator over what `prepare`'s function makes of the elements, without those it makes nothing of. Only a
  /// value that is true is read at all, and arguments are looked at only then.
  private static func lazily(
    _ value: Value, _ arguments: Arguments,
    _ prepare: @escaping (Arguments) throws -> (Value) throws -> Value?
  ) throws -> Value {
    var state: (iterator: ValueIterator, apply: (Value) throws -> Value?)?
    let sources = [value] + arguments.positional + arguments.named.map(\.value)
    return .iterator(
      try Iteration(over: sources) {
        if state == nil {
          guard value.isTrue else { return nil }
          let apply = try prepare(arguments)
          state = (try ValueIterator(value), apply)
        }
        while let element = try state?.iterator.next() {
          if let result = try state?.apply(element) { return result }
        }
        return nil
      })
  }

  private static func mapping(
    _ given: Arguments, _ interpreter: Interpreter
  ) throws -> (Value) throws -> Value {
    var arguments = given
    if arguments.positional.isEmpty, let attribute = arguments.take("attribute") {
      let missing = arguments.take("default") ?? .none
      if let extra = arguments.named.first {
        throw ChatTemplateError("Unexpected keyword argument \(extra.name.represented)")
      }
      let path = AttributePath(attribute)
      return { [unowned interpreter] in try path.value(in: $0, interpreter, missing: missing) }
    }
    guard case .string(let name)? = arguments.positional.first else {
      throw ChatTemplateError("map requires a filter argument")
    }
    arguments.positional.removeFirst()
    return { [unowned interpreter, arguments] in
      try interpreter.budget.spend()
      return try interpreter.filter(name, $0, arguments)
    }
  }

  private static func selecting(
    _ value: Value, _ arguments: Arguments, byAttribute: Bool, when wanted: Bool, _ interpreter: Interpreter
  ) throws -> Value {
    try lazily(value, arguments) { [unowned interpreter] given in
      var arguments = given
      var path = AttributePath(.none)
      if byAttribute {
        guard let attribute = arguments.positional.first else {
          throw ChatTemplateError("Missing parameter for attribute name")
        }
        path = AttributePath(attribute)
        arguments.positional.removeFirst()
      }
      var test: Text?
      if let name = arguments.positional.first {
        guard case .string(let text) = name else {
          throw ChatTemplateError("No test named \(try name.represented()) found.")
        }
        test = text
        arguments.positional.removeFirst()
      }
      return { [unowned interpreter, path, test, arguments] element in
        try interpreter.budget.spend()
        let subject = try path.value(in: element, interpreter)
        let holds = try test.map { try interpreter.test($0, subject, arguments) } ?? subject.isTrue
        return holds == wanted ? element : nil
      }
    }
  }
}
