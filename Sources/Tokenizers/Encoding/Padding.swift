import JSON

/// How encodings that are too short are filled up.
public struct Padding: Sendable, Hashable {
  /// At which end padding is put.
  public enum Direction: String, Sendable, Hashable {
    case left = "Left"
    case right = "Right"
  }

  /// The length to fill up to; nil: that of the longest in the batch.
  public var length: Int?
  public var direction: Direction
  /// Lengths are rounded up to a multiple of this.
  public var multiple: Int?
  public var id: Int
  public var typeID: Int
  public var token: String

  public init(
    length: Int? = nil, direction: Direction = .right, multiple: Int? = nil, id: Int = 0, typeID: Int = 0,
    token: String = "[PAD]"
  ) {
    self.length = length
    self.direction = direction
    self.multiple = multiple
    self.id = id
    self.typeID = typeID
    self.token = token
  }

  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws {
    length =
      fields["strategy"]?.stringValue == "BatchLongest" ? nil : try fields.fields("strategy").int("Fixed")
    guard let direction = Direction(rawValue: try fields.string("direction")) else {
      throw fields.missing("direction", "Left or Right")
    }
    self.direction = direction
    multiple = fields["pad_to_multiple_of"] == nil ? nil : try fields.int("pad_to_multiple_of")
    id = try fields.int("pad_id")
    typeID = try fields.int("pad_type_id")
    token = try fields.string("pad_token")
    guard length ?? 0 <= Self.longest, multiple ?? 0 <= Self.longest else {
      throw fields.missing("strategy", "a length of at most \(Self.longest)")
    }
  }

  private static let longest = 1 << 24

  /// Fills up all encodings to the same length.
  func fill(_ encodings: inout [Encoding]) {
    var target = length ?? encodings.map(\.count).max() ?? 0
    if let multiple, multiple > 0, target % multiple > 0 { target += multiple - target % multiple }
    for index in encodings.indices { encodings[index].fill(to: target, self) }
  }
}

extension Encoding {
  fileprivate mutating func fill(to length: Int, _ padding: Padding) {
    for index in overflowing.indices { overflowing[index].fill(to: length, padding) }
    guard count < length else { return }
    let missing = length - count
    let cut = overflowing
    var filler = Encoding.special([padding.id], [padding.token], typeID: padding.typeID, names: names)
    filler.repeatFirst(missing)
    filler.runs[0].isPadding = true
    // A text that no special tokens were put around goes on through its padding.
    filler.runs[0].sequence = isUnprocessed ? 0 : nil
    filler.isUnprocessed = isUnprocessed
    overflowing = []
    switch padding.direction {
    case .right: extend(with: filler)
    case .left:
      filler.extend(with: self)
      self = filler
    }
    overflowing = cut
  }

  /// Adds tokens that belong to the same text.
  private mutating func extend(with other: Encoding) {
    var other = other
    let sequences = other.runs.map(\.sequence)
    for index in other.runs.indices { other.runs[index].sequence = nil }
    let before = runs.count
    append(other)
    for (index, sequence) in sequences.enumerated() { runs[before + index].sequence = sequence }
  }
}
