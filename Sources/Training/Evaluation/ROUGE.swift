/// How much of references texts have, from 0 to 1: the mean over the texts of the F-measure, with the
/// reference that gives the highest.
///
/// Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries"; tokens as those of the package
/// `rouge-score`, without stemming.
public enum ROUGE: String, CaseIterable, Sendable {
  case rouge1, rouge2, rougeL

  /// - Parameter pairs: each text with its references.
  public func score(_ pairs: [(text: String, references: [String])]) -> Double {
    let scores = pairs.map { pair in
      let text = Self.tokens(pair.text)
      return pair.references.map { measure(text, Self.tokens($0)) }.max() ?? 0
    }
    return scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
  }

  private func measure(_ text: [String], _ reference: [String]) -> Double {
    let n = self == .rouge2 ? 2 : 1
    let sizes = (max(0, text.count - n + 1), max(0, reference.count - n + 1))
    guard sizes.0 > 0, sizes.1 > 0 else { return 0 }
    let common = self == .rougeL ? Self.longest(text, reference) : Self.shared(text, reference, n)
    return 2 * Double(common) / Double(sizes.0 + sizes.1)
  }

  private static func shared(_ text: [String], _ reference: [String], _ n: Int) -> Int {
    func counts(_ tokens: [String]) -> [[String]: Int] {
      (0...(tokens.count - n)).reduce(into: [:]) { $0[Array(tokens[$1..<($1 + n)]), default: 0] += 1 }
    }
    let right = counts(reference)
    return counts(text).reduce(0) { $0 + min($1.value, right[$1.key] ?? 0) }
  }

  /// The length of the longest common subsequence.
  private static func longest(_ text: [String], _ reference: [String]) -> Int {
    var row = Array(repeating: 0, count: reference.count + 1)
    for word in text {
      var diagonal = 0
      for (place, other) in reference.enumerated() {
        let above = row[place + 1]
        row[place + 1] = word == other ? diagonal + 1 : max(above, row[place])
        diagonal = above
      }
    }
    return row[reference.count]
  }

  /// Runs of ASCII letters and digits, in lower case.
  private static func tokens(_ text: String) -> [String] {
    text.lowercased().utf8.split { byte in
      !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }.map { String(decoding: $0, as: UTF8.self) }
  }
}
