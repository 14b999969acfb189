/// The tokens of a model: bytes by id, id by bytes.
final class Vocabulary: Sendable {
  private let table: ByteStringTable
  private let arena: Block<UInt8>
  /// Where each id's bytes lie in the arena; absent ids have `absent` for a start.
  private let places: Block<Span>
  /// The number of tokens.
  let count: Int
  /// One more than the highest id.
  let idLimit: Int
  /// The length in bytes of the longest token.
  let longestToken: Int

  private static let absent = UInt32.max

  /// Ids above this are refused: the tables are as long as the highest id.
  static let highestID = 1 << 26

  /// - Throws: `TokenizerError` when an id is negative or out of proportion.
  convenience init(_ tokens: some Collection<(bytes: [UInt8], id: Int)>) throws {
    var builder = VocabularyBuilder(capacity: tokens.count)
    for token in tokens { try token.bytes.withUnsafeBufferPointer { try builder.add($0, id: token.id) } }
    self.init(builder)
  }

  /// - Parameter count: the number of tokens, when those named twice count twice.
  init(_ builder: VocabularyBuilder, count: Int? = nil) {
    table = builder.table
    self.count = count ?? builder.table.count
    idLimit = builder.places.count
    longestToken = builder.table.longest
    arena = Block(builder.arena, filler: 0)
    places = Block(builder.places, filler: .zero)
  }

  /// The id of a token.
  @inline(__always)
  func id(_ bytes: UnsafePointer<UInt8>, count: Int) -> Int32? { table.find(bytes, count: count) }

  /// The id of a token.
  func id(_ bytes: some Sequence<UInt8>) -> Int32? { table.find(bytes) }

  /// The id of a token.
  func id(_ token: String) -> Int32? { table.find(token.utf8) }

  /// The bytes of a token.
  func bytes(_ id: Int) -> UnsafeBufferPointer<UInt8>? {
    guard id >= 0, id < idLimit, places.base[id].start != Self.absent else { return nil }
    let place = places.base[id]
    return UnsafeBufferPointer(start: arena.base + place.lower, count: place.count)
  }

  /// The bytes of a token, unless the same bytes have another id that counts.
  func uniqueBytes(_ id: Int) -> UnsafeBufferPointer<UInt8>? {
    guard let bytes = bytes(id), let base = bytes.baseAddress,
      self.id(base, count: bytes.count) == Int32(truncatingIfNeeded: id)
    else { return nil }
    return bytes
  }

  /// The token as a string.
  func string(_ id: Int) -> String? { bytes(id).map { String(decoding: $0, as: UTF8.self) } }
}

/// Collects tokens one at a time; a token named twice has the id it was given last.
struct VocabularyBuilder {
  fileprivate let table: ByteStringTable
  fileprivate var arena: [UInt8] = []
  fileprivate var places: [Span] = []

  init(capacity: Int) {
    table = ByteStringTable(capacity: capacity)
    arena.reserveCapacity(capacity * 8)
    places.reserveCapacity(capacity)
  }

  /// - Throws: `TokenizerError` when the id is negative or out of proportion.
  mutating func add(_ token: UnsafeBufferPointer<UInt8>, id: Int) throws {
    guard id >= 0, id <= Vocabulary.highestID else {
      throw TokenizerError(
        "id \(id) of token \"\(String(decoding: token, as: UTF8.self))\", in the vocabulary: "
          + "ids must lie in 0...\(Vocabulary.highestID)")
    }
    let absent = Span(Int(UInt32.max), Int(UInt32.max))
    while places.count <= id { places.append(absent) }
    table.insert(token, Int32(id))
    places[id] = Span(arena.count, arena.count + token.count)
    arena.append(contentsOf: token)
  }
}
