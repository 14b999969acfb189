/// Remembers how pieces of text were tokenized: natural text repeats its words.
///
/// Pieces of up to 15 bytes are told apart by two machine words without looking at memory elsewhere. The cache is
/// bounded; when it is full it starts over.
struct PieceCache {
  private struct Entry: BitwiseCopyable {
    var low: UInt64
    var high: UInt64
    /// A single token: `single` and its id. Several: where they begin in `symbols`, and how many.
    var value: UInt64
  }

  private static let smallest = 1 << 12
  private static let largest = 1 << 17
  private static let single: UInt64 = 1 << 63
  /// Longer pieces are not remembered.
  static let longestPiece = 256
  /// Pieces up to this are found without a look at memory elsewhere.
  static let longestShortPiece = 15
  private static let mostSymbols = 1 << 20

  private var entries: Block<Entry>
  private var mask: Int
  private var used = 0
  private var symbols: [Symbol] = []
  private var long = ByteStringTable(capacity: 64)
  private var longPlaces: [Span] = []

  init() {
    entries = Block(repeating: Entry(low: 0, high: 0, value: 0), count: Self.smallest)
    mask = Self.smallest - 1
  }

  /// What was found in the cache.
  enum Lookup {
    case token(Int32)
    case symbols(Span)
    case missing
  }

  /// The words that stand for a piece of 1 to 15 bytes, which is followed by padding.
  @inline(__always)
  private static func key(_ piece: UnsafePointer<UInt8>, _ count: Int) -> (low: UInt64, high: UInt64) {
    let raw = UnsafeRawPointer(piece)
    var low = raw.loadUnaligned(as: UInt64.self)
    if count < 8 {
      low &= (1 << UInt64(truncatingIfNeeded: count * 8)) &- 1
      return (low, UInt64(truncatingIfNeeded: count) << 56)
    }
    var high = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    high &= (1 << UInt64(truncatingIfNeeded: (count - 8) * 8)) &- 1
    return (low, high | UInt64(truncatingIfNeeded: count) << 56)
  }

  @inline(__always)
  private static func place(_ low: UInt64, _ high: UInt64) -> Int {
    Int(truncatingIfNeeded: mixed(low ^ 0xA076_1D64_78BD_642F, high ^ 0xE703_7ED1_A0B4_28DB))
  }

  /// Looks up a piece.
  @inline(__always)
  func find(_ piece: UnsafePointer<UInt8>, count: Int) -> Lookup {
    if count > Self.longestShortPiece { return findLong(piece, count: count) }
    let key = Self.key(piece, count)
    var index = Self.place(key.low, key.high) & mask
    while true {
      let entry = entries.base[index]
      if entry.low == key.low, entry.high == key.high {
        if entry.value & Self.single != 0 { return .token(Int32(truncatingIfNeeded: entry.value)) }
        let start = Int(truncatingIfNeeded: entry.value >> 16)
        return .symbols(Span(start, start + Int(truncatingIfNeeded: entry.value & 0xFFFF)))
      }
      if entry.high == 0 { return .missing }
      index = (index + 1) & mask
    }
  }

  private func findLong(_ piece: UnsafePointer<UInt8>, count: Int) -> Lookup {
    guard count <= Self.longestPiece, let place = long.find(piece, count: count) else { return .missing }
    return .symbols(longPlaces[Int(place)])
  }

  /// The symbols of a piece that `find` found.
  @inline(__always)
  func withSymbols<Result>(_ body: (UnsafeBufferPointer<Symbol>) -> Result) -> Result {
    symbols.withUnsafeBufferPointer(body)
  }

  /// Remembers a piece that `find` did not find.
  mutating func insert(_ piece: UnsafePointer<UInt8>, count: Int, _ found: [Symbol]) {
    guard count <= Self.longestPiece else { return }
    // Both can start over, so what is new is placed after them.
    if symbols.count + found.count > Self.mostSymbols { startOver() }
    if count <= Self.longestShortPiece, (used + 1) * 2 > entries.count { grow() }
    let place = Span(symbols.count, symbols.count + found.count)
    if count > Self.longestShortPiece {
      symbols += found
      long.insert(UnsafeBufferPointer(start: piece, count: count), Int32(longPlaces.count))
      longPlaces.append(place)
      return
    }
    let key = Self.key(piece, count)
    var value = UInt64(place.start) << 16 | UInt64(found.count)
    if found.count == 1, found[0].isPlain, found[0].length == count {
      value = Self.single | UInt64(UInt32(bitPattern: found[0].id))
    } else {
      symbols += found
    }
    put(Entry(low: key.low, high: key.high, value: value))
    used += 1
  }

  private func put(_ entry: Entry) {
    var index = Self.place(entry.low, entry.high) & mask
    while entries.base[index].high != 0 { index = (index + 1) & mask }
    entries.base[index] = entry
  }

  private mutating func grow() {
    if entries.count >= Self.largest {
      startOver()
      return
    }
    let old = entries
    entries = Block(repeating: Entry(low: 0, high: 0, value: 0), count: old.count * 4)
    mask = entries.count - 1
    for index in 0..<old.count where old.base[index].high != 0 { put(old.base[index]) }
  }

  private mutating func startOver() {
    for index in 0..<entries.count { entries.base[index].high = 0 }
    used = 0
    symbols.removeAll(keepingCapacity: true)
    long = ByteStringTable(capacity: 64)
    longPlaces.removeAll()
  }
}
