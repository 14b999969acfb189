/// The `loop` variable: where a loop stands.
final class LoopState: TemplateObject {
  typealias Recurse = (_ values: Value, _ level: Int) throws -> Value

  let typeName = "LoopContext"
  let moduleName = "jinja2.runtime"
  private var iterator: ValueIterator
  private var index = -1
  private var knownLength: Int?
  private var previous: Value?
  private var present: Value?
  private var ahead = Ahead.unread
  private var lastChanged: [Value]?
  let depth: Int
  /// How many recursive loops enclose this one.
  private let level: Int
  private let recurse: Recurse?

  /// - Parameter values: what `iterator` walks.
  init(_ iterator: ValueIterator, over values: Value, level: Int, recurse: Recurse?) throws {
    self.iterator = iterator
    self.level = level
    depth = try Limits.containerDepth(around: values.depth)
    self.recurse = recurse
    knownLength = iterator.count
  }

  /// What has been read beyond the present value.
  private enum Ahead {
    case unread
    case value(Value)
    case end
  }

  func next() throws -> Value? {
    guard let value = try peek() else { return nil }
    ahead = .unread
    index += 1
    previous = present
    present = value
    return value
  }

  private func peek() throws -> Value? {
    switch ahead {
    case .value(let value): return value
    case .end: return nil
    case .unread:
      let value = try iterator.next()
      ahead = value.map(Ahead.value) ?? .end
      return value
    }
  }

  /// Reads all values to come where the number of them is not known.
  func length() throws -> Int {
    if let knownLength { return knownLength }
    var rest: [Value] = []
    while let value = try iterator.next() { rest.append(value) }
    iterator = ValueIterator(values: rest)
    let pending = if case .value = ahead { 1 } else { 0 }
    let length = rest.count + index + 1 + pending
    knownLength = length
    return length
  }

  func attribute(_ name: Text, in interpreter: Interpreter) throws -> Value? {
    switch name {
    case "index": return .int(index + 1)
    case "index0": return .int(index)
    case "revindex": return .int(try length() - index)
    case "revindex0": return .int(try length() - index - 1)
    case "first": return .bool(index == 0)
    case "last": return .bool(try peek() == nil)
    case "length": return .int(try length())
    case "depth": return .int(level + 1)
    case "depth0": return .int(level)
    case "previtem":
      return index == 0 ? .undefined("there is no previous item") : previous ?? Value.none
    case "nextitem": return try peek() ?? .undefined("there is no next item")
    case "cycle":
      return .function(
        NativeFunction("cycle", depth: depth) { [index] arguments, _ in
          guard !arguments.positional.isEmpty else { throw ChatTemplateError("no items for cycling given") }
          return arguments.positional[index % arguments.positional.count]
        })
    case "changed":
      return .function(NativeFunction("changed", depth: depth) { try self.changed($0.positional, $1) })
    default: return nil
    }
  }

  private func changed(_ values: [Value], _ interpreter: Interpreter) throws -> Value {
    if let lastChanged, lastChanged.count == values.count,
      try zip(lastChanged, values).allSatisfy({ try $0.equals($1, interpreter.budget) })
    {
      return .bool(false)
    }
    lastChanged = values
    return .bool(true)
  }

  /// `loop(values)`: what the loop writes for values further down.
  func call(_ arguments: Arguments) throws -> Value {
    guard let recurse else {
      throw ChatTemplateError("The loop must have the 'recursive' marker to be called recursively.")
    }
    guard let values = arguments.positional.first, arguments.positional.count == 1, arguments.named.isEmpty
    else { throw ChatTemplateError("a loop is called with one iterable") }
    return try recurse(values, level + 1)
  }

  func represented() throws -> String { "<LoopContext \(index + 1)/\(try length())>" }
}
