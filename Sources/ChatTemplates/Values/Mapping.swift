/// A Python `dict`: ordered by insertion, its keys told apart by value, so that 1, 1.0 and true are one key.
struct Mapping {
  private(set) var entries: [(key: Value, value: Value)] = []
  private var keys: [MappingKey] = []
  /// Where each key stands, kept only once a search through `keys` would be slower.
  private var positions: [MappingKey: Int] = [:]
  private(set) var depth = 1

  init() {}

  /// - Throws: `ChatTemplateError` for a key that cannot be hashed, or values that nest too deeply.
  init(_ pairs: some Sequence<(Value, Value)>) throws {
    for (key, value) in pairs { try set(key, to: value) }
  }

  var count: Int { entries.count }
  var isEmpty: Bool { entries.isEmpty }

  subscript(name: Text) -> Value? { value(at: .string(name)) }

  /// - Throws: `ChatTemplateError` for a key that cannot be hashed.
  func value(for key: Value) throws -> Value? { value(at: try MappingKey(key)) }

  mutating func set(_ key: Value, to value: Value) throws {
    let hashed = try MappingKey(key)
    depth = max(depth, try Limits.containerDepth(around: max(key.depth, value.depth)))
    if let position = position(of: hashed) {
      entries[position].value = value
      return
    }
    if !positions.isEmpty { positions[hashed] = entries.count }
    keys.append(hashed)
    entries.append((key, value))
    if positions.isEmpty, keys.count > 8 {
      for (index, key) in keys.enumerated() { positions[key] = index }
    }
  }

  mutating func set(_ name: Text, to value: Value) throws { try set(.string(name), to: value) }

  private func value(at key: MappingKey) -> Value? { position(of: key).map { entries[$0].value } }

  private func position(of key: MappingKey) -> Int? {
    positions.isEmpty ? keys.firstIndex(of: key) : positions[key]
  }
}

/// What makes two dictionary keys the same.
enum MappingKey: Hashable {
  case none
  case undefined
  case number(Integer)
  case fraction(Double)
  case string(Text)
  case bytes(Bytes)
  case tuple([MappingKey])
  case object(ObjectIdentifier)

  init(_ value: Value) throws {
    switch value {
    case .none: self = .none
    case .undefined: self = .undefined
    case .bool(let flag): self = .number(.word(flag ? 1 : 0))
    case .int(let number): self = .number(number)
    case .float(let number):
      if let whole = Integer(truncating: number), whole.double == number {
        self = .number(whole)
      } else {
        self = .fraction(number)
      }
    case .string(let text): self = .string(text)
    case .bytes(let bytes): self = .bytes(bytes)
    case .tuple(let items): self = .tuple(try items.values.map { try MappingKey($0) })
    case .range(let range): self = .tuple([.number(.word(range.start)), .number(.word(range.count))])
    case .function(let function): self = .object(ObjectIdentifier(function))
    case .object(let object): self = .object(ObjectIdentifier(object))
    case .iterator(let iterator): self = .object(ObjectIdentifier(iterator))
    case .list, .dict, .view: throw ChatTemplateError("unhashable type: '\(value.typeName)'")
    }
  }
}

/// What `keys()`, `values()` and `items()` return: an iterable with a length but without elements to index.
struct MappingView {
  enum Part: String { case keys, values, items }

  let mapping: Mapping
  let part: Part

  var typeName: String { "dict_\(part.rawValue)" }

  func values() throws -> [Value] {
    switch part {
    case .keys: mapping.entries.map(\.key)
    case .values: mapping.entries.map(\.value)
    case .items: try mapping.entries.map { try .tuple([$0.key, $0.value]) }
    }
  }
}

/// What `range()` returns.
struct IntegerRange {
  let start: Int
  let step: Int
  let count: Int

  /// The value one step after the last.
  var stop: Int

  subscript(index: Int) -> Int { start + index * step }

  func contains(_ value: Int) -> Bool {
    guard count > 0 else { return false }
    let (low, high) = (min(start, self[count - 1]), max(start, self[count - 1]))
    guard value >= low, value <= high else { return false }
    return (value - start) % step == 0
  }
}
