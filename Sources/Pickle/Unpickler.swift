/// Reads pickles of tensors, and executes nothing: every name is compared with a short list of what torch writes, and
/// anything else is refused by its name.
///
/// Source: Python's Lib/pickletools.py, protocols 0 to 4.
struct Unpickler {
  var heap = PickleHeap()
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  init() {}

  /// The next pickle at `cursor`.
  mutating func load(_ cursor: inout ByteCursor) throws -> PickleValue {
    (stack, marks, memo) = ([], [], [:])
    while true {
      let code = try cursor.number(UInt8.self)
      if code == UInt8(ascii: ".") { return try pop() }
      try run(code, &cursor)
    }
  }

  private mutating func run(_ code: UInt8, _ cursor: inout ByteCursor) throws {
    switch Character(Unicode.Scalar(code)) {
    case "\u{80}": _ = try cursor.take(1)
    case "\u{95}": _ = try cursor.take(8)
    case "(": marks.append(stack.count)
    case "0": _ = try pop()
    case "1": _ = try popMark()
    case "2": stack.append(try top())
    case "N": stack.append(.none)
    case "\u{88}": stack.append(.bool(true))
    case "\u{89}": stack.append(.bool(false))
    case "J": stack.append(.int(Int(try cursor.number(Int32.self))))
    case "K": stack.append(.int(Int(try cursor.number(UInt8.self))))
    case "M": stack.append(.int(Int(try cursor.number(UInt16.self))))
    case "\u{8A}": stack.append(Self.whole(Array(try cursor.take(cursor.length(UInt8.self)))))
    case "\u{8B}": stack.append(Self.whole(Array(try cursor.take(cursor.length(Int32.self)))))
    case "G":
      stack.append(
        .real(Double(bitPattern: UInt64(bigEndian: try cursor.take(8).loadUnaligned(as: UInt64.self)))))
    case "I", "L": stack.append(try Self.written(cursor.line()))
    case "F": stack.append(.real(Double(try cursor.line()) ?? .nan))
    case "X": stack.append(.text(try cursor.text(cursor.length(UInt32.self))))
    case "\u{8C}": stack.append(.text(try cursor.text(cursor.length(UInt8.self))))
    case "\u{8D}": stack.append(.text(try cursor.text(cursor.length(UInt64.self))))
    case "T": stack.append(.text(try cursor.text(cursor.length(Int32.self))))
    case "U": stack.append(.text(try cursor.text(cursor.length(UInt8.self))))
    case "V": stack.append(.text(try cursor.line()))
    case "S": stack.append(.text(String(try cursor.line().dropFirst().dropLast())))
    case "B": stack.append(.bytes(Array(try cursor.take(cursor.length(UInt32.self)))))
    case "C": stack.append(.bytes(Array(try cursor.take(cursor.length(UInt8.self)))))
    case "\u{8E}": stack.append(.bytes(Array(try cursor.take(cursor.length(UInt64.self)))))
    default: try runContainer(code, &cursor)
    }
  }

  private mutating func runContainer(_ code: UInt8, _ cursor: inout ByteCursor) throws {
    switch Character(Unicode.Scalar(code)) {
    case "]", ")", "\u{8F}": stack.append(heap.list([]))
    case "}": stack.append(heap.dictionary())
    case "t", "l", "\u{91}": stack.append(heap.list(try popMark()))
    case "\u{85}": stack.append(heap.list(try pop(1)))
    case "\u{86}": stack.append(heap.list(try pop(2)))
    case "\u{87}": stack.append(heap.list(try pop(3)))
    case "d":
      let pairs = try Self.pairs(popMark())
      stack.append(heap.dictionary(pairs))
    case "a": try append([pop()])
    case "e", "\u{90}": try append(popMark())
    case "s": try set(Self.pairs(pop(2)))
    case "u": try set(Self.pairs(popMark()))
    case "c": stack.append(.name("\(try cursor.line()).\(try cursor.line())"))
    case "\u{93}":
      guard let name = try pop().text, let module = try pop().text else { throw Self.damaged }
      stack.append(.name("\(module).\(name)"))
    case "q": memo[Int(try cursor.number(UInt8.self))] = try top()
    case "r": memo[try cursor.length(UInt32.self)] = try top()
    case "p": memo[Int(try cursor.line()) ?? -1] = try top()
    case "\u{94}": memo[memo.count] = try top()
    case "h": try recall(Int(cursor.number(UInt8.self)))
    case "j": try recall(cursor.length(UInt32.self))
    case "g": try recall(Int(cursor.line()) ?? -1)
    case "Q":
      let id = try pop()
      stack.append(.storage(try TorchRebuild.storage(heap.elements(id) ?? [])))
    case "R", "\u{81}":
      let arguments = try pop()
      let callee = try pop()
      stack.append(try TorchRebuild.call(callee, heap.elements(arguments) ?? [], &heap))
    case "b": _ = try pop()
    default: throw PickleError("the pickle has the unknown instruction \(code): it is damaged")
    }
  }

  private static let damaged = PickleError("the pickle is damaged")

  private func top() throws -> PickleValue {
    guard let value = stack.last, stack.count > (marks.last ?? 0) else { throw Self.damaged }
    return value
  }

  private mutating func pop() throws -> PickleValue {
    let value = try top()
    stack.removeLast()
    return value
  }

  private mutating func pop(_ count: Int) throws -> [PickleValue] {
    guard stack.count - (marks.last ?? 0) >= count else { throw Self.damaged }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popMark() throws -> [PickleValue] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw Self.damaged }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func recall(_ index: Int) throws {
    guard let value = memo[index] else { throw Self.damaged }
    stack.append(value)
  }

  private mutating func append(_ values: [PickleValue]) throws {
    guard case .list(let index) = try top() else { throw Self.damaged }
    heap.lists[index] += values
  }

  private mutating func set(_ pairs: [(key: PickleValue, value: PickleValue)]) throws {
    guard case .dictionary(let index) = try top() else { throw Self.damaged }
    heap.dictionaries[index] += pairs
  }

  private static func pairs(_ values: [PickleValue]) throws -> [(key: PickleValue, value: PickleValue)] {
    guard values.count.isMultiple(of: 2) else { throw damaged }
    return stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
  }

  /// A number in two's complement, little-endian.
  private static func whole(_ bytes: [UInt8]) -> PickleValue {
    guard bytes.count <= 8 else { return .big(bytes) }
    let isNegative = bytes.last.map { $0 > 127 } ?? false
    let padded = bytes + Array(repeating: isNegative ? 0xFF : 0, count: 8 - bytes.count)
    return .int(Int(padded.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }.bitPattern))
  }

  /// `5`, `5L`, or `01` for true.
  private static func written(_ text: String) throws -> PickleValue {
    if text == "00" || text == "01" { return .bool(text == "01") }
    guard let value = Int(text.hasSuffix("L") ? String(text.dropLast()) : text) else { throw damaged }
    return .int(value)
  }
}

extension UInt64 {
  fileprivate var bitPattern: Int64 { Int64(bitPattern: self) }
}
