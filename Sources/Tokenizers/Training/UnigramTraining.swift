import Foundation
import JSON

/// Learns a unigram language model: expectation-maximization over all ways to cut the words, dropping between rounds
/// the pieces whose loss costs least (Kudo 2018, section 3.2, as SentencePiece does it).
struct UnigramTraining {
  private let trainer: TokenizerTrainer
  private let words: [[UInt8]]
  private let counts: [Int]
  private var pieces: [Piece] = []

  private struct Piece {
    var text: [UInt8]
    var score: Double
  }

  /// How many pieces are proposed at first.
  private static let mostSeeds = 1_000_000
  private static let roundsBetweenPruning = 2
  /// The share of pieces that pruning keeps.
  private static let shrinking = 0.75
  /// Pieces expected less often than this are dropped.
  private static let leastExpectation = 0.5
  private static let unknownPenalty = 10.0

  init(_ trainer: TokenizerTrainer, _ counted: WordCounts) throws {
    self.trainer = trainer
    words = counted.words
    counts = counted.counts
    let characters = characters()
    guard characters.count + trainer.specialTokens.count <= trainer.vocabularySize else {
      throw TokenizerError(
        "vocabulary of \(trainer.vocabularySize) tokens, to be trained on \(characters.count) characters: make it larger"
      )
    }
    pieces = seeds()
    let wanted = trainer.vocabularySize * 11 / 10
    while true {
      for _ in 0..<Self.roundsBetweenPruning { expectAndMaximize() }
      if pieces.count <= wanted { break }
      let before = pieces.count
      prune(to: max(wanted, Int(Double(pieces.count) * Self.shrinking)))
      if pieces.count == before { break }
    }
    finish(characters)
  }

  /// The model, as `tokenizer.json` has it.
  func model() -> JSONValue {
    let special = trainer.specialTokens.map { [.string($0), .double(0)] as JSONValue }
    let learned = pieces.map {
      [.string(String(decoding: $0.text, as: UTF8.self)), .double($0.score)] as JSONValue
    }
    let unknown = trainer.unknownToken.flatMap { unknown in
      trainer.specialTokens.firstIndex { $0.utf8.elementsEqual(unknown.utf8) }
    }
    return [
      "type": "Unigram", "unk_id": unknown.map(JSONValue.int) ?? .null, "vocab": .array(special + learned),
      "byte_fallback": false,
    ]
  }

  /// All characters that must be pieces, with how often they occur.
  private func characters() -> [UInt32: Int] {
    var characters: [UInt32: Int] = [:]
    for (word, count) in zip(words, counts) {
      for scalar in String(decoding: word, as: UTF8.self).unicodeScalars {
        characters[scalar.value, default: 0] += count
      }
    }
    for scalar in trainer.initialAlphabet { characters[scalar.value, default: 0] += 0 }
    return characters
  }

  /// The unknown piece, all characters, and the repeated substrings that cover most of the text.
  private func seeds() -> [Piece] {
    let found = FrequentSubstrings(words)
    let substrings = found.find(longest: trainer.longestPiece).map {
      (score: $0.count * $0.range.count, range: $0.range)
    }
    let ordered = substrings.sorted { one, other in
      if one.score != other.score { return one.score > other.score }
      return found.scalars[other.range].lexicographicallyPrecedes(found.scalars[one.range])
    }
    var seeds: [(text: [UInt8], weight: Int)] = characters().sorted {
      $0.value == $1.value ? $0.key > $1.key : $0.value > $1.value
    }.filter { $0.value > 0 }.map { (utf8([$0.key]), $0.value) }
    seeds += ordered.prefix(max(Self.mostSeeds - seeds.count, 0)).map {
      (utf8(found.scalars[$0.range]), $0.score)
    }
    let total = log(Double(seeds.reduce(0) { $0 + $1.weight }))
    return [Piece(text: [], score: .nan)]
      + seeds.map { Piece(text: $0.text, score: log(Double($0.weight)) - total) }
  }

  private func utf8(_ scalars: some Sequence<UInt32>) -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in scalars { append(scalar, to: &bytes) }
    return bytes
  }

  /// A lattice of the present pieces for a word.
  private func lattices() -> ([UInt8]) -> UnigramLattice {
    let arena = Block(pieces.flatMap(\.text), filler: 0)
    var start = 0
    var keys: [(bytes: UnsafeBufferPointer<UInt8>, value: Int32)] = []
    for (number, piece) in pieces.enumerated() {
      let bytes = UnsafeBufferPointer(start: arena.base + start, count: piece.text.count)
      if number > 0 { keys.append((bytes, Int32(number))) }
      start += piece.text.count
    }
    // The trie copies what it needs of the keys.
    let trie = withExtendedLifetime(arena) { DoubleArrayTrie(keys) }
    let scores = pieces.map(\.score)
    let unknown = (scores.dropFirst().min() ?? 0) - Self.unknownPenalty
    return { UnigramLattice($0, trie, scores, unknownScore: unknown) }
  }

  private mutating func expectAndMaximize() {
    let lattice = lattices()
    var expected = Array(repeating: 0.0, count: pieces.count)
    for (word, count) in zip(words, counts) {
      _ = lattice(word).addExpectations(Double(count), to: &expected)
    }
    var kept: [Piece] = [pieces[0]]
    var sum = 0.0
    for (piece, expectation) in zip(pieces, expected).dropFirst() where expectation >= Self.leastExpectation {
      kept.append(Piece(text: piece.text, score: expectation))
      sum += expectation
    }
    // Digamma in place of the logarithm favours fewer pieces, as a sparse prior would.
    let logSum = digamma(sum)
    for index in kept.indices.dropFirst() { kept[index].score = digamma(kept[index].score) - logSum }
    pieces = kept
  }

  /// Drops the pieces whose loss would lower the probability of the text least.
  private mutating func prune(to size: Int) {
    let lattice = lattices()
    var keeps = Array(repeating: true, count: pieces.count)
    var alternatives: [[Int]] = Array(repeating: [], count: pieces.count)
    for (number, piece) in pieces.enumerated().dropFirst() {
      let ways = lattice(piece.text).best(2)
      guard ways.count == 2 else { continue }
      keeps[number] = ways[0].count == 1
      if ways[0].count == 1 { alternatives[number] = ways[1] }
    }
    var frequencies = Array(repeating: 0.0, count: pieces.count)
    for (word, count) in zip(words, counts) {
      for piece in lattice(word).best(1).first ?? [] { frequencies[piece] += Double(count) }
    }
    let sum = frequencies.reduce(0, +)
    let all = Double(counts.reduce(0, +))
    var kept: [Piece] = [pieces[0]]
    var candidates: [(number: Int, loss: Double)] = []
    for number in pieces.indices.dropFirst() {
      let frequency = frequencies[number]
      if frequency == 0, !keeps[number] { continue }
      if alternatives[number].isEmpty {
        kept.append(pieces[number])
        continue
      }
      guard frequency > 0 else { continue }
      // Were the piece gone, its occurrences would go to the pieces of the second best way.
      let alternativeSum = log(sum + frequency * Double(alternatives[number].count - 1))
      let alternative = alternatives[number].reduce(0) {
        $0 + log(frequencies[$1] + frequency) - alternativeSum
      }
      candidates.append((number, frequency / all * (log(frequency) - log(sum) - alternative)))
    }
    candidates.sort { $0.loss == $1.loss ? $0.number < $1.number : $0.loss > $1.loss }
    for candidate in candidates.prefix(max(size - kept.count, 0)) { kept.append(pieces[candidate.number]) }
    pieces = kept
  }

  /// Puts in the characters that must be there, and keeps as many of the others as there is room for.
  private mutating func finish(_ characters: [UInt32: Int]) {
    var scores: [[UInt8]: Double] = [:]
    for piece in pieces.dropFirst() { scores[piece.text] = piece.score }
    let least = pieces.dropFirst().map(\.score).min() ?? 0
    var final: [Piece] = []
    var present: Set<[UInt8]> = []
    var dropped = 0
    for scalar in characters.keys.sorted() {
      let text = utf8([scalar])
      present.insert(text)
      // Characters that were dropped get scores about the lowest, and apart from each other.
      final.append(Piece(text: text, score: scores[text] ?? least + Double(dropped) * 0.0001))
      if scores[text] == nil { dropped += 1 }
    }
    for piece in pieces.dropFirst() where !present.contains(piece.text) {
      if final.count + trainer.specialTokens.count >= trainer.vocabularySize { break }
      final.append(piece)
    }
    pieces = final.enumerated().sorted {
      $0.element.score == $1.element.score ? $0.offset < $1.offset : $0.element.score > $1.element.score
    }.map(\.element)
  }
}
