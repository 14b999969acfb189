/// `for`, with its filter, its `else` and its recursion.

extension Interpreter {
  func run(_ loop: Loop) throws -> Flow {
    let values = try evaluate(loop.iterable)
    guard let function = loop.recursive else {
      return try recursion.descend { try iterate(loop, over: values, closure: frame, level: 0, recurse: nil) }
    }
    keep(frame)
    try write(try recursiveLoop(loop, over: values, function: function, closure: frame, level: 0))
    return .onward
  }

  /// What a recursive loop writes for `values`; `loop(values)` in its body comes back here.
  private func recursiveLoop(
    _ loop: Loop, over values: Value, function: FunctionID, closure: Frame, level: Int
  ) throws -> Text {
    try enterCall {
      try inFrame(Frame(slots: template.slotCounts[function], parent: closure)) {
        try capture {
          _ = try iterate(loop, over: values, closure: closure, level: level) { [unowned self] inner, level in
            .string(try recursiveLoop(loop, over: inner, function: function, closure: closure, level: level))
          }
        }
      }
    }
  }

  private func iterate(
    _ loop: Loop, over values: Value, closure: Frame, level: Int, recurse: LoopState.Recurse?
  ) throws -> Flow {
    var iterator = try ValueIterator(values)
    if let filter = loop.filter {
      iterator = try ValueIterator(.iterator(filtered(iterator, of: values, by: filter, in: closure)))
    }
    let state = try LoopState(iterator, over: values, level: level, recurse: recurse)
    self[loop.state] = .object(state)
    var reachedEnd = false
    while let value = try state.next() {
      try budget.spend(Budget.round)
      try assign(value, to: loop.target)
      try enter(loop.body.scope)
      switch try run(loop.body.body) {
      case .onward: reachedEnd = true
      case .nextRound: continue
      case .leaveLoop: return try runElse(of: loop, reachedEnd)
      }
    }
    return try runElse(of: loop, reachedEnd)
  }

  /// Jinja takes the `else` when no round ran to its end: also when all of them broke off.
  private func runElse(of loop: Loop, _ reachedEnd: Bool) throws -> Flow {
    guard !reachedEnd, let otherwise = loop.otherwise else { return .onward }
    return try run(otherwise)
  }

  /// - Parameter closure: the frame the loop stands in, outside of a recursive loop's own.
  private func filtered(
    _ source: ValueIterator, of values: Value, by filter: Loop.Filter, in closure: Frame
  ) throws -> Iteration {
    keep(closure)
    let inner = Frame(slots: template.slotCounts[filter.function], parent: closure)
    try inFrame(inner) { try enter(filter.scope) }
    var source = source
    return try Iteration(over: [values]) { [unowned self] in
      while let value = try source.next() {
        try budget.spend()
        let passes = try inFrame(inner) {
          try assign(value, to: filter.target)
          return try evaluate(filter.test).isTrue
        }
        if passes { return value }
      }
      return nil
    }
  }
}
