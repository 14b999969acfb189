import Foundation

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

  /// Whether every token has one id.
  private let hasNoTwins: Bool

  private static let absent = UInt32.max

  /// Ids above this are refused, and ids out of proportion to the number of tokens: the tables are as long as the
  /// highest id.
  static let highestID = 1 << 26

  /// - Parameter count: the number of tokens, when those named twice count twice.
  /// - Throws: `TokenizerError` when the highest id is out of proportion.
  init(_ builder: VocabularyBuilder, count: Int? = nil) throws {
    let highest = builder.ids.max() ?? -1
    guard highest < 16 * builder.ids.count + 65_536 else {
      throw TokenizerError(
        "id \(highest), in a vocabulary of \(builder.ids.count) tokens: it is out of proportion")
    }
    table = builder.table
    hasNoTwins = builder.ids.count == builder.table.count
    self.count = count ?? builder.table.count
    idLimit = Int(highest) + 1
    longestToken = builder.table.longest
    arena = Block(builder.table.bytes, filler: 0)
    places = Block(repeating: Span(Int(Self.absent), Int(Self.absent)), count: idLimit)
    for (id, place) in zip(builder.ids, builder.places) { places.base[Int(id)] = place }
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

  /// Whether an id has those bytes, and no other id has them too.
  @inline(__always)
  func isSpelled(_ id: Int32, _ bytes: UnsafePointer<UInt8>, count: Int) -> Bool {
    guard hasNoTwins, id >= 0, id < idLimit else { return false }
    let place = places.base[Int(id)]
    return place.start != Self.absent && place.count == count
      && memcmp(arena.base + place.lower, bytes, count) == 0
  }

  /// The token as a string.
  func string(_ id: Int) -> String? { bytes(id).map { String(decoding: $0, as: UTF8.self) } }
}

/// Collects tokens one at a time; a token named twice has the id it was given last.
struct VocabularyBuilder {
  fileprivate let table: ByteStringTable
  fileprivate var ids: [Int32] = []
  fileprivate var places: [Span] = []

  init(capacity: Int) {
    table = ByteStringTable(capacity: capacity)
    ids.reserveCapacity(capacity)
    places.reserveCapacity(capacity)
  }

  /// - Throws: `TokenizerError` when the id is negative or too high.
  mutating func add(_ token: UnsafeBufferPointer<UInt8>, id: Int) throws {
    guard id >= 0, id <= Vocabulary.highestID else {
      throw TokenizerError(
        "id \(id) of token \"\(String(decoding: token, as: UTF8.self))\", in the vocabulary: "
          + "ids must lie in 0...\(Vocabulary.highestID)")
    }
    table.insert(token, Int32(id))
    ids.append(Int32(id))
    places.append(table.lastPlace)
  }
}
