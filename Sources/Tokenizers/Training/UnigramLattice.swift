import Foundation

/// All ways to cut a word into pieces of a unigram model that is being trained.
struct UnigramLattice {
  struct Node {
    var piece: Int
    var start: Int
    var end: Int
    var score: Double
  }

  /// In the order of where they begin.
  private(set) var nodes: [Node] = []
  private let length: Int

  /// - Parameter unknownScore: the score of a character that is no piece; its node has piece 0.
  init(_ word: [UInt8], _ trie: DoubleArrayTrie, _ scores: [Double], unknownScore: Double) {
    length = word.count
    word.withUnsafeBufferPointer { text in
      var start = 0
      while start < text.count {
        let character = min(utf8Length(leading: text[start]), text.count - start)
        var hasCharacter = false
        var node = DoubleArrayTrie.root
        var end = start
        while end < text.count {
          node = trie.child(node, text[end])
          if node < 0 { break }
          end += 1
          let piece = Int(trie.value(node))
          guard piece >= 0 else { continue }
          nodes.append(Node(piece: piece, start: start, end: end, score: scores[piece]))
          hasCharacter = hasCharacter || end - start == character
        }
        if !hasCharacter {
          nodes.append(Node(piece: 0, start: start, end: start + character, score: unknownScore))
        }
        start += character
      }
    }
  }

  /// Adds to `expected` how often each piece is expected in the word, times `frequency`; returns the logarithm of the
  /// word's probability (forward and backward sums over all ways).
  func addExpectations(_ frequency: Double, to expected: inout [Double]) -> Double {
    var forward = Array(repeating: -Double.infinity, count: length + 1)
    var backward = forward
    forward[0] = 0
    backward[length] = 0
    for node in nodes { forward[node.end] = logSum(forward[node.end], forward[node.start] + node.score) }
    for node in nodes.reversed() {
      backward[node.start] = logSum(backward[node.start], backward[node.end] + node.score)
    }
    let total = forward[length]
    for node in nodes {
      expected[node.piece] += frequency * exp(forward[node.start] + node.score + backward[node.end] - total)
    }
    return total
  }

  /// The one or two best ways, as lists of pieces.
  func best(_ count: Int) -> [[Int]] {
    var paths: [[(score: Double, pieces: [Int])]] = Array(repeating: [], count: length + 1)
    paths[0] = [(0, [])]
    for node in nodes {
      for path in paths[node.start] {
        paths[node.end].append((path.score + node.score, path.pieces + [node.piece]))
      }
      // Stable, so that of equals the first found stays first.
      let ordered = paths[node.end].enumerated().sorted {
        $0.element.score == $1.element.score ? $0.offset < $1.offset : $0.element.score > $1.element.score
      }
      paths[node.end] = ordered.prefix(count).map(\.element)
    }
    return paths[length].map(\.pieces)
  }

  private func logSum(_ one: Double, _ other: Double) -> Double {
    let high = max(one, other)
    if high == -.infinity { return high }
    return high + log1p(exp(min(one, other) - high))
  }
}

/// The derivative of the logarithm of the gamma function, for positive arguments (asymptotic series).
func digamma(_ value: Double) -> Double {
  var value = value
  var result = 0.0
  while value < 7 {
    result -= 1 / value
    value += 1
  }
  value -= 0.5
  let square = 1 / (value * value)
  let series = square * (1 / 24.0 - square * (7 / 960.0 - square * (31 / 8064.0 - square * 127 / 30720.0)))
  return result + log(value) + series
}
