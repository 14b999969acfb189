import JSON

/// Learns the merges of byte pair encoding: again and again the most frequent pair of neighbours becomes a token, the
/// one of lower ids when several are as frequent (Sennrich et al. 2016, algorithm 1).
struct BPETraining {
  private let trainer: TokenizerTrainer
  private let prefix: [UInt8]
  private let suffix: [UInt8]
  private var tokens: [[UInt8]] = []
  private var ids = ByteStringTable(capacity: 1 << 12)
  private var words: [[Int32]] = []
  private var counts: [Int] = []
  private var merges: [(left: Int32, right: Int32)] = []

  /// How often each pair occurs.
  private var pairCounts: [UInt64: Int] = [:]
  /// The words each pair is in, of those that are new since the queue was filled last.
  private var newPlaces: [UInt64: [Int32]] = [:]
  private var queue: [Candidate] = []

  private struct Candidate {
    var pair: UInt64
    var count: Int
    var places: [Int32]

    /// Whether it comes before another.
    func precedes(_ other: Candidate) -> Bool {
      count == other.count ? pair < other.pair : count > other.count
    }
  }

  init(_ trainer: TokenizerTrainer, _ counted: WordCounts) throws {
    self.trainer = trainer
    prefix = Array((trainer.continuingSubwordPrefix ?? (trainer.algorithm == .wordPiece ? "##" : "")).utf8)
    suffix = Array((trainer.endOfWordSuffix ?? "").utf8)
    for token in trainer.specialTokens { _ = id(Array(token.utf8)) }
    addAlphabet(counted)
    counts = counted.counts
    words = counted.words.map { symbols($0) }
    countPairs()
    merge()
  }

  /// The model, as `tokenizer.json` has it.
  func model() -> JSONValue {
    func text(_ id: Int32) -> JSONValue { .string(String(decoding: tokens[Int(id)], as: UTF8.self)) }
    let vocabulary = JSONObject(
      tokens.enumerated().map { (String(decoding: $1, as: UTF8.self), .int($0)) })
    let unknown = trainer.unknownToken.map(JSONValue.string) ?? .null
    if trainer.algorithm == .wordPiece {
      return [
        "type": "WordPiece", "unk_token": trainer.unknownToken == nil ? "[UNK]" : unknown,
        "continuing_subword_prefix": .string(String(decoding: prefix, as: UTF8.self)),
        "max_input_chars_per_word": 100, "vocab": .object(vocabulary),
      ]
    }
    return [
      "type": "BPE", "dropout": nil, "unk_token": unknown,
      "continuing_subword_prefix": trainer.continuingSubwordPrefix.map(JSONValue.string) ?? .null,
      "end_of_word_suffix": trainer.endOfWordSuffix.map(JSONValue.string) ?? .null, "fuse_unk": false,
      "byte_fallback": false, "ignore_merges": false, "vocab": .object(vocabulary),
      "merges": .array(merges.map { [text($0.left), text($0.right)] }),
    ]
  }

  /// The id of a token, which is new if need be.
  private mutating func id(_ token: [UInt8]) -> Int32 {
    if let id = ids.find(token) { return id }
    token.withUnsafeBufferPointer { _ = ids.insert($0, Int32(tokens.count)) }
    tokens.append(token)
    return Int32(tokens.count - 1)
  }

  /// Makes tokens of the characters that occur, the most frequent if there is a limit, in their own order.
  private mutating func addAlphabet(_ counted: WordCounts) {
    var frequencies: [UInt32: Int] = [:]
    for (word, count) in zip(counted.words, counted.counts) {
      for scalar in String(decoding: word, as: UTF8.self).unicodeScalars {
        frequencies[scalar.value, default: 0] += count
      }
    }
    for scalar in trainer.initialAlphabet { frequencies[scalar.value] = .max }
    var kept = frequencies.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
    if let limit = trainer.alphabetLimit { kept = Array(kept.prefix(limit)) }
    for scalar in kept.map(\.key).sorted() {
      var token: [UInt8] = []
      append(scalar, to: &token)
      _ = id(token)
    }
  }

  /// The tokens of the single characters of a word; characters that are no tokens are left out.
  private mutating func symbols(_ word: [UInt8]) -> [Int32] {
    let scalars = Array(String(decoding: word, as: UTF8.self).unicodeScalars)
    var symbols: [Int32] = []
    for (index, scalar) in scalars.enumerated() {
      let character = Array(String(scalar).utf8)
      guard ids.find(character) != nil else { continue }
      symbols.append(
        id((index > 0 ? prefix : []) + character + (index == scalars.count - 1 ? suffix : [])))
    }
    return symbols
  }

  private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  private mutating func countPairs() {
    for (place, word) in words.enumerated() {
      for (left, right) in zip(word, word.dropFirst()) { change(Self.pair(left, right), by: 1, in: place) }
    }
    fillQueue()
  }

  private mutating func change(_ pair: UInt64, by change: Int, in place: Int) {
    pairCounts[pair, default: 0] += change * counts[place]
    if change > 0, newPlaces[pair]?.last != Int32(place) { newPlaces[pair, default: []].append(Int32(place)) }
  }

  private mutating func fillQueue() {
    for (pair, places) in newPlaces {
      guard let count = pairCounts[pair], count > 0 else { continue }
      push(Candidate(pair: pair, count: count, places: places))
    }
    newPlaces.removeAll(keepingCapacity: true)
  }

  private mutating func merge() {
    while tokens.count < trainer.vocabularySize, var best = pop() {
      let count = pairCounts[best.pair] ?? 0
      if best.count != count {
        best.count = count
        push(best)
        continue
      }
      if count < 1 || count < trainer.minimumFrequency { break }
      let left = Int32(truncatingIfNeeded: best.pair >> 32)
      let right = Int32(truncatingIfNeeded: best.pair)
      let continuation = tokens[Int(right)]
      let rest = continuation.starts(with: prefix) ? continuation.dropFirst(prefix.count) : continuation[...]
      let new = id(tokens[Int(left)] + rest)
      merges.append((left, right))
      for place in best.places { merge(left, right, into: new, in: Int(place)) }
      fillQueue()
    }
  }

  /// Merges a pair wherever it is in a word, and counts the pairs that come and go.
  private mutating func merge(_ left: Int32, _ right: Int32, into new: Int32, in place: Int) {
    var word: [Int32] = []
    swap(&word, &words[place])
    var index = 0
    while index + 1 < word.count {
      if word[index] == left, word[index + 1] == right {
        if index > 0 {
          change(Self.pair(word[index - 1], left), by: -1, in: place)
          change(Self.pair(word[index - 1], new), by: 1, in: place)
        }
        word[index] = new
        word.remove(at: index + 1)
        if index + 1 < word.count {
          change(Self.pair(right, word[index + 1]), by: -1, in: place)
          change(Self.pair(new, word[index + 1]), by: 1, in: place)
        }
      }
      index += 1
    }
    swap(&word, &words[place])
  }

  private mutating func push(_ candidate: Candidate) {
    queue.append(candidate)
    var child = queue.count - 1
    while child > 0, queue[child].precedes(queue[(child - 1) / 2]) {
      queue.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func pop() -> Candidate? {
    guard let best = queue.first, let last = queue.popLast() else { return nil }
    guard !queue.isEmpty else { return best }
    queue[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < queue.count && queue[child].precedes(queue[least]) {
        least = child
      }
      if least == parent { return best }
      queue.swapAt(parent, least)
      parent = least
    }
  }
}
