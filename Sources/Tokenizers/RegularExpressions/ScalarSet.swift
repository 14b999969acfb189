/// A set of Unicode scalars with the algebra that character classes need.
///
/// ASCII is a bitmap. The rest is a set of general categories as long as that says it all, else a list of ranges.
struct ScalarSet: Sendable {
  /// Membership of the scalars below 0x80.
  private(set) var ascii: ASCIISet
  private(set) var rest: Rest

  struct ASCIISet: Sendable, Equatable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
      (byte < 64 ? low >> UInt64(byte) : high >> UInt64(byte & 63)) & 1 != 0
    }

    mutating func insert(_ byte: UInt8) {
      if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte & 63) }
    }
  }

  /// Membership of the scalars from 0x80 up.
  enum Rest: Sendable {
    case categories(CategorySet)
    /// Where membership changes: in from the first, out from the second, and so on.
    case bounds([UInt32])
  }

  static let limit: UInt32 = 0x110000
  static let empty = ScalarSet(ascii: ASCIISet(), rest: .categories([]))
  static let all = empty.inverted

  private init(ascii: ASCIISet, rest: Rest) {
    self.ascii = ascii
    self.rest = rest
  }

  /// All scalars of some categories.
  init(_ categories: CategorySet) {
    var ascii = ASCIISet()
    for byte in UInt8(0)..<0x80 where categories.contains(UInt32(byte)) { ascii.insert(byte) }
    self.init(ascii: ascii, rest: .categories(categories))
  }

  /// All scalars of some closed ranges, which need not be in order.
  init(_ ranges: some Sequence<ClosedRange<UInt32>>) {
    var ascii = ASCIISet()
    var bounds: [UInt32] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      for byte in range.clamped(to: 0...0x7F) where range.overlaps(0...0x7F) { ascii.insert(UInt8(byte)) }
      guard range.upperBound >= 0x80 else { continue }
      let lower = max(range.lowerBound, 0x80)
      let upper = min(range.upperBound, Self.limit - 1) + 1
      if let last = bounds.last, lower <= last {
        bounds[bounds.count - 1] = max(last, upper)
      } else {
        bounds += [lower, upper]
      }
    }
    self.init(ascii: ascii, rest: bounds.isEmpty ? .categories([]) : .bounds(bounds))
  }

  init(_ scalar: UInt32) { self.init(CollectionOfOne(scalar...scalar)) }

  /// Whether a scalar is in the set.
  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 0x80 { return ascii.contains(UInt8(scalar)) }
    switch rest {
    case .categories(let categories): return categories.contains(scalar)
    case .bounds(let bounds): return bounds.partitionIndex(of: scalar) % 2 == 1
    }
  }

  /// Whether no scalar from 0x80 up is in the set.
  var isASCII: Bool {
    switch rest {
    case .categories(let categories): categories.isEmpty
    case .bounds(let bounds): bounds.isEmpty
    }
  }

  var inverted: ScalarSet {
    let flipped = ASCIISet(low: ~ascii.low, high: ~ascii.high)
    switch rest {
    case .categories(let categories):
      return ScalarSet(ascii: flipped, rest: .categories(CategorySet.all.subtracting(categories)))
    case .bounds(var bounds):
      if bounds.first == 0x80 { bounds.removeFirst() } else { bounds.insert(0x80, at: 0) }
      if bounds.last == Self.limit { bounds.removeLast() } else { bounds.append(Self.limit) }
      return ScalarSet(ascii: flipped, rest: .bounds(bounds))
    }
  }

  func union(_ other: ScalarSet) -> ScalarSet { inverted.intersection(other.inverted).inverted }

  func intersection(_ other: ScalarSet) -> ScalarSet {
    let both = ASCIISet(low: ascii.low & other.ascii.low, high: ascii.high & other.ascii.high)
    if case .categories(let mine) = rest, case .categories(let theirs) = other.rest {
      return ScalarSet(ascii: both, rest: .categories(mine.intersection(theirs)))
    }
    if isASCII || other.isASCII { return ScalarSet(ascii: both, rest: .categories([])) }
    let left = bounds
    let right = other.bounds
    var merged: [UInt32] = []
    var leftIndex = 0
    var rightIndex = 0
    while leftIndex < left.count || rightIndex < right.count {
      let wasIn = leftIndex % 2 == 1 && rightIndex % 2 == 1
      let next = min(
        leftIndex < left.count ? left[leftIndex] : Self.limit,
        rightIndex < right.count ? right[rightIndex] : Self.limit)
      if leftIndex < left.count, left[leftIndex] == next { leftIndex += 1 }
      if rightIndex < right.count, right[rightIndex] == next { rightIndex += 1 }
      if (leftIndex % 2 == 1 && rightIndex % 2 == 1) != wasIn { merged.append(next) }
    }
    return ScalarSet(ascii: both, rest: .bounds(merged))
  }

  /// Where membership changes from 0x80 up.
  var bounds: [UInt32] {
    switch rest {
    case .bounds(let bounds): return bounds
    case .categories(let categories):
      var bounds: [UInt32] = []
      for run in categoryRuns {
        let isMember = categories.rawValue >> UInt32(run.category) & 1 != 0
        if isMember != (bounds.count % 2 == 1) { bounds.append(run.start) }
      }
      if bounds.count % 2 == 1 { bounds.append(Self.limit) }
      return bounds
    }
  }
}

extension [UInt32] {
  /// How many of the ascending numbers are at most `value`.
  @inline(__always)
  fileprivate func partitionIndex(of value: UInt32) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Where the general category changes, from 0x80 up.
private let categoryRuns: [(start: UInt32, category: UInt8)] = {
  var runs: [(start: UInt32, category: UInt8)] = []
  forEachRun(in: CategoryTable.categories) { category, range in
    if range.upperBound > 0x80 { runs.append((UInt32(Swift.max(range.lowerBound, 0x80)), category)) }
  }
  return runs
}()
