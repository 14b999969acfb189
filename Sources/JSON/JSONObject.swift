/// A JSON object in source order. Keys are told apart by their bytes, not by canonical equivalence.
public struct JSONObject: Sendable {
  public private(set) var members: [(key: String, value: JSONValue)] = []
  /// Where each key stands, once there are enough of them that looking through all would be slow.
  private var positions: [ByteString: Int] = [:]

  private static let mostWithoutIndex = 8

  public init() {}

  /// An object with these members; of a repeated key, the last value stands at the first place.
  public init(_ members: [(key: String, value: JSONValue)]) {
    reserveCapacity(members.count)
    for (key, value) in members { self[key] = value }
  }

  public var keys: [String] { members.map(\.key) }
  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }

  /// The value under `key`. Setting an existing key keeps its place, a new one goes last, nil removes.
  ///
  /// - Complexity: O(1) to get and set, O(count) to remove.
  public subscript(_ key: String) -> JSONValue? {
    get { position(of: ByteString(key)).map { members[$0].value } }
    set {
      if let newValue {
        updateValue(newValue, forKey: key)
      } else {
        removeValue(forKey: key)
      }
    }
  }

  /// Sets the value under `key`, and returns the one it replaces.
  @discardableResult
  public mutating func updateValue(_ value: JSONValue, forKey key: String) -> JSONValue? {
    if let position = claim(ByteString(key)) {
      let replaced = members[position].value
      members[position].value = value
      return replaced
    }
    members.append((key: key, value: value))
    if members.count == Self.mostWithoutIndex + 1 { index() }
    return nil
  }

  /// Removes the member and returns its value.
  @discardableResult
  public mutating func removeValue(forKey key: String) -> JSONValue? {
    guard let position = position(of: ByteString(key)) else { return nil }
    let removed = members.remove(at: position)
    index()
    return removed.value
  }

  public mutating func reserveCapacity(_ capacity: Int) {
    members.reserveCapacity(capacity)
    if capacity > Self.mostWithoutIndex { positions.reserveCapacity(capacity) }
  }

  private func position(of key: ByteString) -> Int? {
    guard members.count <= Self.mostWithoutIndex else { return positions[key] }
    return members.firstIndex { ByteString($0.key) == key }
  }

  /// Where `key` stands, or nil after noting that it will stand last.
  private mutating func claim(_ key: ByteString) -> Int? {
    guard members.count > Self.mostWithoutIndex else { return position(of: key) }
    guard let position = positions.updateValue(members.count, forKey: key) else { return nil }
    positions[key] = position
    return position
  }

  private mutating func index() {
    positions.removeAll(keepingCapacity: true)
    guard members.count > Self.mostWithoutIndex else { return }
    for (position, member) in members.enumerated() { positions[ByteString(member.key)] = position }
  }
}

extension JSONObject: Sequence {
  public func makeIterator() -> IndexingIterator<[(key: String, value: JSONValue)]> {
    members.makeIterator()
  }

  public var underestimatedCount: Int { count }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral members: (String, JSONValue)...) {
    self.init(members.map { (key: $0.0, value: $0.1) })
  }
}

/// Equal when the same keys have equal values, in whatever order, as for Python's dictionaries.
extension JSONObject: Hashable {
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
  }

  public func hash(into hasher: inout Hasher) {
    var sum = 0
    for (key, value) in members {
      var member = Hasher()
      member.combine(ByteString(key))
      member.combine(value)
      sum &+= member.finalize()
    }
    hasher.combine(sum)
  }
}
