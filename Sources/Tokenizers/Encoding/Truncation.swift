import JSON

/// How encodings that are too long are cut.
public struct Truncation: Sendable, Hashable {
  /// From which end tokens are cut off.
  public enum Direction: String, Sendable, Hashable {
    case left = "Left"
    case right = "Right"
  }

  /// Which of two texts is cut.
  public enum Strategy: String, Sendable, Hashable {
    case longestFirst = "LongestFirst"
    case onlyFirst = "OnlyFirst"
    case onlySecond = "OnlySecond"
  }

  /// The most tokens an encoding may have, special tokens included.
  public var maxLength: Int
  /// How many tokens each overflowing part repeats of the part before.
  public var stride: Int
  public var strategy: Strategy
  public var direction: Direction

  public init(
    maxLength: Int, stride: Int = 0, strategy: Strategy = .longestFirst, direction: Direction = .right
  ) {
    self.maxLength = maxLength
    self.stride = stride
    self.strategy = strategy
    self.direction = direction
  }

  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws {
    maxLength = try fields.int("max_length")
    stride = try fields.int("stride")
    guard let strategy = Strategy(rawValue: try fields.string("strategy")) else {
      throw fields.missing("strategy", "LongestFirst, OnlyFirst or OnlySecond")
    }
    guard let direction = Direction(rawValue: try fields.string("direction", default: "Right")) else {
      throw fields.missing("direction", "Left or Right")
    }
    self.strategy = strategy
    self.direction = direction
  }

  /// Cuts one text or two so that they have at most `maxLength` less `reserved` tokens together.
  ///
  /// - Throws: `TokenizerError` when the text that may be cut is too short, or the stride too long.
  func cut(_ encodings: inout [Encoding], reserved: Int) throws {
    guard maxLength >= reserved else {
      throw TokenizerError(
        "truncation to \(maxLength) tokens, of which \(reserved) are special: allow at least as many")
    }
    let most = maxLength - reserved
    let counts = encodings.map(\.count)
    let total = counts.reduce(0, +)
    if most == 0 {
      for index in encodings.indices { try encodings[index].cut(to: 0, self) }
      return
    }
    guard total > most else { return }
    switch strategy {
    case .longestFirst:
      let lengths = counts.count == 2 ? Self.shared(most, counts[0], counts[1]) : [most]
      for (index, length) in lengths.enumerated() { try encodings[index].cut(to: length, self) }
    case .onlyFirst, .onlySecond:
      let index = strategy == .onlyFirst ? 0 : 1
      guard index < encodings.count else {
        throw TokenizerError("truncation of the second text only, with a single text: give a pair")
      }
      guard counts[index] > total - most else {
        throw TokenizerError(
          "truncation to \(maxLength) tokens, of text \(index + 1) only, which has \(counts[index]): it is too short"
        )
      }
      try encodings[index].cut(to: counts[index] - (total - most), self)
    }
  }

  /// How two texts share the room: the shorter is cut only when the longer is no longer than it.
  private static func shared(_ most: Int, _ first: Int, _ second: Int) -> [Int] {
    var shorter = min(first, second)
    var longer = shorter > most ? shorter : max(shorter, most - shorter)
    if shorter + longer > most {
      shorter = most / 2
      longer = shorter + most % 2
    }
    return first > second ? [longer, shorter] : [shorter, longer]
  }
}

extension Encoding {
  /// Keeps `length` tokens; what is cut off goes into `overflowing`, in parts of the same length.
  fileprivate mutating func cut(to length: Int, _ truncation: Truncation) throws {
    if length >= count { return }
    if length == 0 {
      let whole = self
      self = whole.slice(0..<0)
      overflowing = [whole]
      return
    }
    guard truncation.stride < length else {
      throw TokenizerError(
        "truncation with a stride of \(truncation.stride), to \(length) tokens besides special ones: use a smaller one"
      )
    }
    let step = length - truncation.stride
    var parts: [Range<Int>] = []
    switch truncation.direction {
    case .right:
      for start in stride(from: 0, to: count, by: step) {
        parts.append(start..<min(start + length, count))
        if start + length >= count { break }
      }
    case .left:
      for stop in stride(from: count, to: 0, by: -step) {
        parts.append(max(stop - length, 0)..<stop)
        if stop <= length { break }
      }
    }
    let slices = parts.map(slice)
    self = slices[0]
    overflowing = Array(slices.dropFirst())
  }
}
