/// Python's `<` and its relatives, and sorting by them.

extension Value {
  enum Order: String {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
  }

  /// - Throws: `ChatTemplateError` when Python has no order between the two.
  func compares(_ order: Order, to other: Value, _ budget: Budget) throws -> Bool {
    try budget.spend()
    switch (self, other) {
    case (.undefined(let missing), _), (_, .undefined(let missing)): throw missing.error
    case (.string(let a), .string(let b)):
      try budget.spend(min(a.utf8.count, b.utf8.count) / 64)
      return order.holds(a, b)
    case (.bytes(let a), .bytes(let b)):
      try budget.spend(min(a.values.count, b.values.count) / 64)
      if a == b { return order == .lessOrEqual || order == .greaterOrEqual }
      return a.values.lexicographicallyPrecedes(b.values) == (order == .less || order == .lessOrEqual)
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      for (left, right) in zip(a.values, b.values) where try !left.equals(right, budget) {
        return try left.compares(order, to: right, budget)
      }
      return order.holds(a.values.count, b.values.count)
    default:
      if let a = number, let b = other.number { return order.holds(a, b) }
      throw ChatTemplateError(
        "'\(order.rawValue)' not supported between instances of '\(typeName)' and '\(other.typeName)'")
    }
  }

  /// Python's `sorted`: stable in both directions.
  static func sorted(
    _ values: [Value], by keys: [Value], reverse: Bool, _ budget: Budget
  ) throws -> [Value] {
    let order = try Array(values.indices).sorted { a, b in
      let (first, second) = reverse ? (keys[b], keys[a]) : (keys[a], keys[b])
      if try first.compares(.less, to: second, budget) { return true }
      if try second.compares(.less, to: first, budget) { return false }
      return a < b
    }
    return order.map { values[$0] }
  }
}

extension Value.Order {
  func holds<T: Comparable>(_ a: T, _ b: T) -> Bool {
    switch self {
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    }
  }
}
