/// Attributes and elements, as Jinja's immutable sandbox gives them: `a.b` tries the attribute first, `a['b']` the
/// element, each then the other.

extension Interpreter {
  func attribute(_ name: Text, of value: Value) throws -> Value {
    if case .undefined(let missing) = value { throw missing.error }
    if let found = try nativeAttribute(name, of: value) { return found }
    return value.subscripted(by: .string(name)) ?? .undefined(.attribute(name, of: value.ownerName))
  }

  func element(_ key: Value, of value: Value) throws -> Value {
    if case .undefined(let missing) = value { throw missing.error }
    if let found = value.subscripted(by: key) { return found }
    guard case .string(let name) = key else { return .undefined(.element(key, of: value.ownerName)) }
    return try nativeAttribute(name, of: value) ?? .undefined(.attribute(name, of: value.ownerName))
  }

  /// What Python itself would find as the attribute; nil where it finds none.
  func nativeAttribute(_ name: Text, of value: Value) throws -> Value? {
    if Interpreter.internals.contains(name) { return unsafe(name, of: value) }
    switch value {
    case .string(let text): return StringMethods.method(name, of: text)
    case .bytes(let bytes): return BytesMethods.method(name, of: bytes)
    case .list(let items):
      if ListMethods.mutating.contains(name) { return unsafe(name, of: value) }
      return ListMethods.method(name, of: items, value)
    case .tuple(let items):
      if items.isGroup, name == "grouper" { return items.values[0] }
      if items.isGroup, name == "list" { return items.values[1] }
      return name == "copy" ? nil : ListMethods.method(name, of: items, value)
    case .dict(let mapping):
      if DictMethods.mutating.contains(name) { return unsafe(name, of: value) }
      return DictMethods.method(name, of: mapping)
    case .bool, .int, .float: return value.number.flatMap { NumberMethods.attribute(name, of: $0) }
    case .range(let range): return range.attribute(name)
    case .function(let macro as Macro): return try macro.attribute(name)
    case .function(let function as NativeFunction): return function.attributes[name]
    case .object(let object): return try object.attribute(name, in: self)
    default: return nil
    }
  }

  private func unsafe(_ name: Text, of value: Value) -> Value {
    .undefined(
      .unsafe("access to attribute \(name.represented) of '\(value.typeName)' object is unsafe."))
  }

  /// Python's own attributes, which the sandbox keeps to itself.
  private static let internals: Set<Text> = [
    "__class__", "__doc__", "__init__", "__new__", "__repr__", "__str__", "__format__", "__eq__", "__ne__",
    "__hash__", "__dir__", "__getattribute__", "__setattr__", "__delattr__", "__reduce__", "__reduce_ex__",
    "__sizeof__", "__subclasshook__", "__init_subclass__", "__len__", "__getitem__", "__contains__",
    "__iter__",
    "__add__", "__mul__", "__call__", "__dict__", "__module__", "__globals__", "__code__",
  ]
}

extension Value {
  /// `self[key]`; nil where Python raises.
  func subscripted(by key: Value) -> Value? {
    switch self {
    case .dict(let mapping): return try? mapping.value(for: key)
    case .list(let items), .tuple(let items):
      return key.position(in: items.values.count).map { items.values[$0] }
    case .bytes(let bytes): return key.position(in: bytes.values.count).map { .int(Int(bytes.values[$0])) }
    case .range(let range): return key.position(in: range.count).map { .int(range[$0]) }
    case .string(let text):
      guard case .word(let index) = key.integer else { return nil }
      let scalars = text.scalars
      let found =
        index >= 0
        ? scalars.index(scalars.startIndex, offsetBy: index, limitedBy: scalars.endIndex)
        : scalars.index(scalars.endIndex, offsetBy: index, limitedBy: scalars.startIndex)
      guard let found, found < scalars.endIndex else { return nil }
      return .string(Text(String(scalars[found]), isMarkup: text.isMarkup))
    default: return nil
    }
  }

  private func position(in count: Int) -> Int? {
    guard case .word(let index) = integer else { return nil }
    let position = index < 0 && index >= -count ? index + count : index
    return position >= 0 && position < count ? position : nil
  }

  /// `self[start:stop:step]`.
  func slice(start: Value, stop: Value, step: Value, _ budget: Budget) throws -> Value {
    switch self {
    case .undefined(let missing): throw missing.error
    case .string(let text):
      let scalars = Array(text.scalars)
      try budget.spend(scalars.count / 16)
      let picked = try Slice(start, stop, step, count: scalars.count).indices.lazy.map { scalars[$0] }
      return .string(Text(picked).marked(like: text))
    case .bytes(let bytes):
      try budget.spend(bytes.values.count / 16)
      let picked = try Slice(start, stop, step, count: bytes.values.count).indices.map { bytes.values[$0] }
      return .bytes(Bytes(values: picked))
    case .list(let items): return try .list(pick(items.values, start, stop, step, budget))
    case .tuple(let items): return try .tuple(pick(items.values, start, stop, step, budget))
    case .range(let range):
      let slice = try Slice(start, stop, step, count: range.count)
      let values = try slice.indices.map {
        try budget.spend(Budget.element); return Value.int(range[$0])
      }
      return try .list(values)
    case .dict: throw ChatTemplateError("unhashable type: 'slice'")
    default: throw ChatTemplateError("'\(typeName)' object is not subscriptable")
    }
  }

  private func pick(
    _ values: [Value], _ start: Value, _ stop: Value, _ step: Value, _ budget: Budget
  ) throws -> [Value] {
    let indices = try Slice(start, stop, step, count: values.count).indices
    try budget.spendElements(1, times: indices.count)
    return indices.map { values[$0] }
  }
}

/// The elements that a slice takes from a sequence.
struct Slice {
  let indices: [Int]

  init(_ start: Value, _ stop: Value, _ step: Value, count: Int) throws {
    func bound(_ value: Value) throws -> Int? {
      if value.isNone { return nil }
      guard let number = value.integer else {
        throw ChatTemplateError("slice indices must be integers or None or have an __index__ method")
      }
      if case .word(let word) = number { return word }
      return number.isNegative ? .min : .max
    }
    let step = try bound(step) ?? 1
    guard step != 0 else { throw ChatTemplateError("slice step cannot be zero") }
    let lowest = step > 0 ? 0 : -1
    let highest = step > 0 ? count : count - 1
    func clamped(_ value: Int?, default other: Int) -> Int {
      guard let value else { return other }
      return min(max(value < 0 ? value.addingReportingOverflow(count).partialValue : value, lowest), highest)
    }
    let first = clamped(try bound(start), default: step > 0 ? 0 : count - 1)
    let last = clamped(try bound(stop), default: step > 0 ? count : -1)
    // A step beyond the sequence takes the first element alone, without overflowing.
    let stride = step > 0 ? min(step, count + 1) : max(step, -count - 1)
    indices = Array(Swift.stride(from: first, to: last, by: stride))
  }
}
