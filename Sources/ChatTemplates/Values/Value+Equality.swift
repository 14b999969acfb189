/// Python's `==`: by value across number types and inside containers, by identity for objects.

extension Value {
  func equals(_ other: Value, _ budget: Budget) throws -> Bool {
    switch (self, other) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.string(let a), .string(let b)):
      try budget.spend(min(a.utf8.count, b.utf8.count) / 64)
      return a == b
    case (.bytes(let a), .bytes(let b)):
      try budget.spend(min(a.values.count, b.values.count) / 64)
      return a == b
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      return try Value.equal(a.values, b.values, budget)
    case (.dict(let a), .dict(let b)):
      guard a.count == b.count else { return false }
      for (key, value) in a.entries {
        try budget.spend()
        guard let match = try b.value(for: key), try value.equals(match, budget) else { return false }
      }
      return true
    case (.view(let a), .view(let b)):
      guard a.part == b.part, a.part != .values, a.mapping.count == b.mapping.count else { return false }
      if a.part == .items { return try Value.dict(a.mapping).equals(.dict(b.mapping), budget) }
      return try a.mapping.entries.allSatisfy { try b.mapping.value(for: $0.key) != nil }
    case (.range(let a), .range(let b)):
      return a.count == b.count && (a.count == 0 || a.start == b.start && (a.count == 1 || a.step == b.step))
    case (.function, _), (.object, _), (.iterator, _): return isSame(as: other)
    default:
      guard let a = number, let b = other.number else { return false }
      return a == b
    }
  }

  private static func equal(_ a: [Value], _ b: [Value], _ budget: Budget) throws -> Bool {
    guard a.count == b.count else { return false }
    for (left, right) in zip(a, b) {
      try budget.spend()
      guard try left.equals(right, budget) else { return false }
    }
    return true
  }

  /// Python's `is`, as far as values that are not shared objects have an identity.
  func isSame(as other: Value) -> Bool {
    switch (self, other) {
    case (.undefined, .undefined), (.none, .none): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.float(let a), .float(let b)): a == b
    case (.string(let a), .string(let b)): a == b && a.isMarkup == b.isMarkup
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a.values.sharesStorage(with: b.values)
    case (.dict(let a), .dict(let b)): a.entries.sharesStorage(with: b.entries)
    case (.bytes(let a), .bytes(let b)): a == b
    case (.iterator(let a), .iterator(let b)): a === b
    case (.object(let a), .object(let b)): a === b
    case (.function(let a), .function(let b)): a === b
    default: false
    }
  }

  /// Whether `element` is among what this value holds: Python's `in`.
  func contains(_ element: Value, _ budget: Budget) throws -> Bool {
    switch self {
    case .string(let text):
      guard case .string(let part) = element else {
        throw ChatTemplateError(
          "'in <string>' requires string as left operand, not \(element.typeName)")
      }
      try budget.spend(text.utf8.count / 16)
      return text.contains(part)
    case .bytes(let bytes):
      try budget.spend(bytes.values.count / 16)
      if case .bytes(let part) = element { return bytes.contains(part) }
      guard let number = element.integer else {
        throw ChatTemplateError("a bytes-like object is required, not '\(element.typeName)'")
      }
      guard case .word(let word) = number, let byte = UInt8(exactly: word) else {
        throw ChatTemplateError("byte must be in range(0, 256)")
      }
      return bytes.values.contains(byte)
    case .dict(let mapping): return try mapping.value(for: element) != nil
    case .view(let view) where view.part == .keys: return try view.mapping.value(for: element) != nil
    case .range(let range):
      guard let number = element.number else { return false }
      guard case .int(.word(let word)) = number.exactInteger else { return false }
      return range.contains(word)
    default:
      guard var iterator = try? ValueIterator(self) else {
        throw ChatTemplateError("argument of type '\(typeName)' is not iterable")
      }
      while let candidate = try iterator.next() {
        try budget.spend()
        if try candidate.equals(element, budget) { return true }
      }
      return false
    }
  }
}

extension Array {
  /// Whether two arrays are one and the same, which stands in for object identity.
  fileprivate func sharesStorage(with other: [Element]) -> Bool {
    count == other.count
      && withUnsafeBufferPointer { a in other.withUnsafeBufferPointer { b in a.baseAddress == b.baseAddress }
      }
  }
}
