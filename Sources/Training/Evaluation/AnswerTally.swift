import Torch

/// How well answers that are cut out of a passage agree with the right ones.
///
/// Source: Rajpurkar et al. 2016, "SQuAD", section 6.1, and the script that scores it.
struct AnswerTally {
  private struct Best {
    var score: Double
    var text: String
    let answers: [String]
  }

  private var best: [Int: Best] = [:]
  /// An answer has at most so many tokens.
  private let longest = 30
  /// Beginnings and ends that are looked at, the likeliest ones.
  private let candidates = 20

  /// - Parameter logits: of beginnings and ends, [batch, tokens, 2].
  mutating func add(_ logits: Tensor, of examples: [TokenizedExample]) throws {
    let ends = try logits.to(dtype: .float64).unbound(dim: 2).map { try $0.contiguous() }
    let width = logits.shape[1]
    let (starts, stops) = (
      try ends[0].flattened().array(of: Double.self), try ends[1].flattened().array(of: Double.self)
    )
    for (row, example) in examples.enumerated() {
      guard let passage = example.passage else { continue }
      let range = row * width..<row * width + example.ids.count
      let found = answer(Array(starts[range]), Array(stops[range]), passage)
      let known = best[passage.question]
      guard let known, known.score >= found.score else {
        best[passage.question] = Best(score: found.score, text: found.text, answers: passage.answers)
        continue
      }
    }
  }

  /// The likeliest span, or none where no answer is likelier (the first token stands for that).
  private func answer(
    _ starts: [Double], _ stops: [Double], _ passage: AnswerPassage
  ) -> (score: Double, text: String) {
    func likeliest(_ values: [Double]) -> [Int] {
      values.indices.filter { passage.spans[$0] != nil }.sorted { values[$0] > values[$1] }.prefix(candidates)
        .map(\.self)
    }
    var found = (score: -Double.infinity, text: "")
    let lasts = likeliest(stops)
    for first in likeliest(starts) {
      for last in lasts where last >= first && last - first < longest {
        let score = starts[first] + stops[last]
        guard score > found.score, let text = passage.text(from: first, through: last) else { continue }
        found = (score, text)
      }
    }
    return found
  }

  /// The share of questions whose answer is one of the right ones, in percent.
  var exactMatch: Double {
    mean { text, answers in answers.contains { Self.normalized($0) == Self.normalized(text) } ? 1 : 0 }
  }

  /// The mean over questions of the F1 of the answer's words against the closest right answer's, in percent.
  var f1: Double { mean { text, answers in answers.map { Self.f1(text, $0) }.max() ?? 0 } }

  private func mean(_ score: (String, [String]) -> Double) -> Double {
    let answered = best.values.filter { !$0.answers.isEmpty }
    guard !answered.isEmpty else { return 0 }
    return 100 * answered.reduce(0) { $0 + score($1.text, $1.answers) } / Double(answered.count)
  }

  private static func f1(_ found: String, _ right: String) -> Double {
    let (left, other) = (words(found), words(right))
    guard !left.isEmpty, !other.isEmpty else { return left.isEmpty == other.isEmpty ? 1 : 0 }
    var rest = Dictionary(other.map { ($0, 1) }, uniquingKeysWith: +)
    var common = 0.0
    for word in left where rest[word, default: 0] > 0 {
      rest[word, default: 0] -= 1
      common += 1
    }
    return common == 0 ? 0 : 2 * common / Double(left.count + other.count)
  }

  /// Lower case without punctuation, articles and superfluous space.
  static func normalized(_ text: String) -> String { words(text).joined(separator: " ") }

  private static let punctuation = Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

  private static func words(_ text: String) -> [String] {
    String(text.lowercased().filter { !punctuation.contains($0) }).split(whereSeparator: \.isWhitespace)
      .map(String.init).filter { !["a", "an", "the"].contains($0) }
  }
}
