/// Unigram language model: of all ways to cut a text into tokens the one of highest probability (Kudo 2018), found
/// with Viterbi's algorithm.
final class Unigram: Model {
  let vocabulary: Vocabulary
  private let scores: Block<Double>
  private let unknownID: Int32?
  /// The score of a character that is no token.
  private let unknownScore: Double
  /// The ids of `<0x00>`...`<0xFF>`, -1 where missing; nil when the model does not fall back to them.
  private let byteIDs: [Int32]?
  private let trie: DoubleArrayTrie

  /// How much less probable than any token an unknown character is, as a logarithm.
  private static let unknownPenalty = 10.0

  /// - Parameter scores: the logarithm of every token's probability, by id.
  init(_ vocabulary: Vocabulary, scores: [Double], unknownID: Int?, fallsBackToBytes: Bool) {
    self.vocabulary = vocabulary
    self.scores = Block(scores, filler: 0)
    self.unknownID = unknownID.map { Int32(truncatingIfNeeded: $0) }
    unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
    trie = DoubleArrayTrie(vocabulary)
    byteIDs = fallsBackToBytes ? (0..<256).map { vocabulary.id(byteToken($0)) ?? -1 } : nil
  }

  func tokenize(_ text: PreTokenizedText, into tokens: inout TokenList, scratch: inout Scratch) throws {
    var path = ViterbiPath()
    swap(&path, &scratch.path)
    defer { swap(&path, &scratch.path) }
    try tokenize(text, into: &tokens, &scratch) { piece, count, symbols in
      try find(&path, piece, count: count)
      write(path, piece, count: count, &symbols)
    }
  }

  /// Finds for every place the best token that ends there.
  private func find(_ path: inout ViterbiPath, _ piece: UnsafePointer<UInt8>, count: Int) throws {
    path.reset(count)
    var start = 0
    while start < count {
      let score = path.scores[start]
      let character = utf8Length(leading: piece[start])
      var hasCharacter = false
      var node = DoubleArrayTrie.root
      var end = start
      while end < count {
        node = trie.child(node, piece[end])
        if node < 0 { break }
        end += 1
        let id = trie.value(node)
        guard id >= 0 else { continue }
        path.offer(score + scores.base[Int(id)], id, from: start, to: end)
        if end - start == character { hasCharacter = true }
      }
      if !hasCharacter {
        guard let unknownID else {
          throw TokenizerError("unknown character, in the Unigram model: it has no unk_id, add one")
        }
        path.offer(score + unknownScore, unknownID, from: start, to: start + character)
      }
      start += character
    }
  }

  /// Follows the path back from the end; unknown characters in a row become one.
  private func write(
    _ path: ViterbiPath, _ piece: UnsafePointer<UInt8>, count: Int, _ symbols: inout [Symbol]
  ) {
    var end = count
    while end > 0 {
      let id = path.ids[end]
      var start = Int(path.starts[end])
      if id == unknownID {
        while start > 0, path.ids[start] == unknownID { start = Int(path.starts[start]) }
        writeUnknown(piece + start, count: end - start, &symbols)
      } else {
        symbols.append(Symbol(id: id, length: end - start))
      }
      end = start
    }
    symbols.reverse()
  }

  private func writeUnknown(_ text: UnsafePointer<UInt8>, count: Int, _ symbols: inout [Symbol]) {
    if let id = vocabulary.id(text, count: count) {
      symbols.append(Symbol(id: id, length: count))
    } else if let byteIDs, (0..<count).allSatisfy({ byteIDs[Int(text[$0])] >= 0 }) {
      // In reverse, as everything here; all but the one that ends up last leave the place to the next.
      for index in (0..<count).reversed() {
        symbols.append(Symbol(id: byteIDs[Int(text[index])], length: count, sharesPlace: index < count - 1))
      }
    } else if let unknownID {
      symbols.append(Symbol(id: unknownID, length: count, isSpelled: true))
    }
  }
}

/// The best token that ends at each place of a text.
struct ViterbiPath {
  private(set) var scores: [Double] = []
  private(set) var starts: [Int32] = []
  private(set) var ids: [Int32] = []

  mutating func reset(_ count: Int) {
    if scores.count <= count {
      scores = Array(repeating: 0, count: count + 1)
      ids = Array(repeating: -1, count: count + 1)
      starts = Array(repeating: -1, count: count + 1)
    } else {
      for index in 0...count { starts[index] = -1 }
    }
    scores[0] = 0
  }

  /// Takes a token that ends at `end`, if it is the first or better than those before.
  @inline(__always)
  mutating func offer(_ score: Double, _ id: Int32, from start: Int, to end: Int) {
    if starts[end] < 0 || score > scores[end] {
      scores[end] = score
      starts[end] = Int32(truncatingIfNeeded: start)
      ids[end] = id
    }
  }
}

/// The token that stands for a byte, as `<0x0A>`.
func byteToken(_ byte: Int) -> String {
  "<0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))>"
}
