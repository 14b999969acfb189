/// A Python iterator: gives each value once, when asked, and is then spent. Filters such as `map` and `selectattr`
/// return one, which is why their result is always true, has no length and can be read only once.
final class Iteration {
  let typeName: String
  let depth: Int
  /// How many iterators this one reads through, itself included.
  private let nesting: Int
  private var advance: (() throws -> Value?)?

  /// - Parameter sources: the values that `advance` holds on to.
  /// - Throws: `ChatTemplateError` when too many iterators read through one another.
  init(
    _ typeName: String = "generator", over sources: [Value], _ advance: @escaping () throws -> Value?
  ) throws {
    self.typeName = typeName
    self.advance = advance
    depth = try Limits.containerDepth(around: sources.map(\.depth).max() ?? 0)
    let inner = sources.map { if case .iterator(let iterator) = $0 { iterator.nesting } else { 0 } }
    nesting = 1 + (inner.max() ?? 0)
    guard nesting <= Limits.iterators else {
      throw ChatTemplateError(
        "more than \(Limits.iterators) filters read through one another: make lists between")
    }
  }

  func next() throws -> Value? {
    guard let advance else { return nil }
    do {
      if let value = try advance() { return value }
    } catch {
      self.advance = nil
      throw error
    }
    self.advance = nil
    return nil
  }
}

/// Walks any iterable value.
struct ValueIterator {
  private enum Source {
    case values([Value])
    case scalars([Unicode.Scalar])
    case range(IntegerRange)
    case iterator(Iteration)
  }

  private let source: Source
  private var position = 0
  /// The number of values to come at the start, where it is known without reading them.
  let count: Int?

  /// - Throws: `ChatTemplateError` for a value that cannot be iterated.
  init(_ value: Value) throws {
    switch value {
    case .undefined: source = .values([])
    case .list(let items), .tuple(let items): source = .values(items.values)
    case .dict(let mapping): source = .values(mapping.entries.map(\.key))
    case .view(let view): source = .values(try view.values())
    case .string(let text): source = .scalars(Array(text.scalars))
    case .bytes(let bytes): source = .values(bytes.values.map { .int(Int($0)) })
    case .range(let range): source = .range(range)
    case .iterator(let iterator): source = .iterator(iterator)
    default: throw ChatTemplateError("'\(value.typeName)' object is not iterable")
    }
    count =
      switch source {
      case .values(let values): values.count
      case .scalars(let scalars): scalars.count
      case .range(let range): range.count
      case .iterator: nil
      }
  }

  init(values: [Value]) {
    source = .values(values)
    count = values.count
  }

  mutating func next() throws -> Value? {
    defer { position += 1 }
    switch source {
    case .values(let values): return position < values.count ? values[position] : nil
    case .scalars(let scalars):
      return position < scalars.count ? .string(Text(CollectionOfOne(scalars[position]))) : nil
    case .range(let range): return position < range.count ? .int(range[position]) : nil
    case .iterator(let iterator): return try iterator.next()
    }
  }
}

extension Value {
  /// All that iterating yields. Spends an iterator.
  func elements(_ budget: Budget) throws -> [Value] {
    switch self {
    case .list(let items), .tuple(let items): return items.values
    default:
      var iterator = try ValueIterator(self)
      var values: [Value] = []
      while let value = try iterator.next() {
        try budget.spend(Budget.element)
        values.append(value)
      }
      return values
    }
  }

  /// Python's `len`.
  func length() throws -> Int {
    switch self {
    case .undefined: 0
    case .string(let text): text.count
    case .bytes(let bytes): bytes.values.count
    case .list(let items), .tuple(let items): items.values.count
    case .dict(let mapping): mapping.count
    case .view(let view): view.mapping.count
    case .range(let range): range.count
    case .object(let loop as LoopState): try loop.length()
    default: throw ChatTemplateError("object of type '\(typeName)' has no len()")
    }
  }
}
