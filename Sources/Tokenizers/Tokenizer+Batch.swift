import Dispatch

/// Encoding many texts at once, on all cores.
extension Tokenizer {
  /// The tokens of every text; with padding, all are filled up to the length of the longest.
  ///
  /// - Parameter pairs: the second text of each, when they come in pairs.
  /// - Throws: `TokenizerError` for the first text that cannot be tokenized.
  public func encodeBatch(
    _ texts: [String], pairs: [String]? = nil, addSpecialTokens: Bool = true
  ) throws -> [Encoding] {
    if let pairs, pairs.count != texts.count {
      throw TokenizerError(
        "\(texts.count) texts and \(pairs.count) pairs, in a batch: give one second text for each first")
    }
    var encodings = try concurrentMap(texts.count) { index in
      try self.encode(texts[index], pair: pairs?[index], addSpecialTokens: addSpecialTokens)
    }
    padding?.fill(&encodings)
    return encodings
  }

  /// The texts that lists of tokens stand for.
  ///
  /// - Throws: `TokenizerError` for the first list that cannot be decoded.
  public func decodeBatch(_ batch: [[Int]], skipSpecialTokens: Bool = false) throws -> [String] {
    try concurrentMap(batch.count) { try self.decode(batch[$0], skipSpecialTokens: skipSpecialTokens) }
  }
}

/// What each thread leaves behind; every slot is written by one thread only, and read when all are done.
private final class Slots<Element>: @unchecked Sendable {
  private let base: UnsafeMutablePointer<Element?>
  private let count: Int

  init(count: Int) {
    base = .allocate(capacity: max(count, 1))
    base.initialize(repeating: nil, count: count)
    self.count = count
  }

  deinit {
    base.deinitialize(count: count)
    base.deallocate()
  }

  subscript(index: Int) -> Element? {
    get { base[index] }
    set { base[index] = newValue }
  }
}

/// `body` of 0 ..< `count`, in order, worked out on all cores.
private func concurrentMap<Element: Sendable>(
  _ count: Int, _ body: @Sendable (Int) throws -> Element
) throws -> [Element] {
  if count < 2 { return try (0..<count).map(body) }
  let slots = Slots<Result<Element, any Error>>(count: count)
  // Small parts, so that a long text does not keep one core busy when the others are done.
  let parts = min(count, 64)
  DispatchQueue.concurrentPerform(iterations: parts) { part in
    for index in stride(from: part, to: count, by: parts) { slots[index] = Result { try body(index) } }
  }
  return try (0..<count).compactMap { try slots[$0]?.get() }
}
