/// The JSON grammar over raw bytes, without recursion: open arrays and objects wait on a stack.
struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  let duplicateKeys: JSONDuplicateKeys
  var position = 0

  /// Finished values of all open containers, innermost last; a container owns those from its start on.
  private var values: [JSONValue] = []
  private var keys: [(text: String, offset: Int)] = []
  private var open: [Container] = []

  private struct Container {
    let isObject: Bool
    let firstValue: Int
    let firstKey: Int
  }

  init(_ bytes: UnsafeBufferPointer<UInt8>, duplicateKeys: JSONDuplicateKeys) {
    self.bytes = bytes
    self.duplicateKeys = duplicateKeys
  }

  /// The one value of the whole text.
  mutating func document() throws(JSONError) -> JSONValue {
    if let invalid = firstInvalidUTF8(in: bytes) { throw error("invalid UTF-8", at: invalid) }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    while true {
      var value: JSONValue
      switch nextByte() {
      case UInt8(ascii: "{"):
        try openContainer(isObject: true)
        guard nextByte() == UInt8(ascii: "}") else {
          try key()
          continue
        }
        value = try closeContainer()
      case UInt8(ascii: "["):
        try openContainer(isObject: false)
        guard nextByte() == UInt8(ascii: "]") else { continue }
        value = try closeContainer()
      default:
        value = try scalar()
      }
      // A finished value may finish the containers around it as well.
      while true {
        guard let container = open.last else {
          _ = nextByte()
          guard position == bytes.count else { throw error("unexpected text after the end of the value") }
          return value
        }
        values.append(value)
        let byte = nextByte()
        if byte == UInt8(ascii: ",") {
          position += 1
          if container.isObject { try key() }
          break
        }
        guard byte == (container.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
          throw expected(container.isObject ? "',' or '}'" : "',' or ']'")
        }
        value = try closeContainer()
      }
    }
  }

  private mutating func openContainer(isObject: Bool) throws(JSONError) {
    guard open.count < JSONValue.depthLimit else {
      throw error("nested deeper than \(JSONValue.depthLimit) levels")
    }
    position += 1
    open.append(Container(isObject: isObject, firstValue: values.count, firstKey: keys.count))
  }

  /// Steps over the closing bracket and gathers what the innermost container owns.
  private mutating func closeContainer() throws(JSONError) -> JSONValue {
    position += 1
    guard let container = open.popLast() else { throw error("unexpected closing bracket") }
    // No slice is held on to: it would make the removals below copy the whole stack.
    defer { values.removeLast(values.count - container.firstValue) }
    guard container.isObject else { return .array(Array(values[container.firstValue...])) }
    defer { keys.removeLast(keys.count - container.firstKey) }
    var object = JSONObject()
    object.reserveCapacity(values.count - container.firstValue)
    for index in 0..<values.count - container.firstValue {
      let key = keys[container.firstKey + index]
      let replaced = object.updateValue(values[container.firstValue + index], forKey: key.text)
      if replaced != nil, case .error = duplicateKeys {
        throw error("duplicate key \(JSONValue.string(key.text))", at: key.offset)
      }
    }
    return .object(object)
  }

  /// A key and its colon.
  private mutating func key() throws(JSONError) {
    guard nextByte() == UInt8(ascii: "\"") else { throw expected("a key in double quotes") }
    let offset = position
    keys.append((try string(), offset))
    guard nextByte() == UInt8(ascii: ":") else { throw expected("':'") }
    position += 1
  }

  private mutating func scalar() throws(JSONError) -> JSONValue {
    switch byte(at: position) {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    case UInt8(ascii: "t") where take("true"): return .bool(true)
    case UInt8(ascii: "f") where take("false"): return .bool(false)
    case UInt8(ascii: "n") where take("null"): return .null
    case UInt8(ascii: "N") where take("NaN"): return .number(JSONNumber(literal: "NaN"))
    case UInt8(ascii: "I") where take("Infinity"): return .number(JSONNumber(literal: "Infinity"))
    default: throw expected("a value")
    }
  }
}

/// Steps that every part of the grammar takes.
extension JSONParser {
  /// The byte at `index`, or 0 past the end: no place in the grammar allows a 0 byte.
  @inline(__always)
  func byte(at index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

  /// The byte after any white space.
  @inline(__always)
  mutating func nextByte() -> UInt8 {
    while true {
      let byte = byte(at: position)
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      position += 1
    }
  }

  /// Steps over `word` if it is next.
  mutating func take(_ word: StaticString) -> Bool {
    for index in 0..<word.utf8CodeUnitCount where byte(at: position + index) != word.utf8Start[index] {
      return false
    }
    position += word.utf8CodeUnitCount
    return true
  }

  func error(_ message: String, at offset: Int? = nil) -> JSONError {
    JSONError(message, at: offset ?? position, in: bytes)
  }

  func expected(_ what: String) -> JSONError {
    error(position < bytes.count ? "expected \(what)" : "expected \(what), but the text ends here")
  }
}
