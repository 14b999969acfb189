import Foundation

/// How well texts agree with references, from 0 to 100, over a whole corpus.
///
/// Source: Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation"; tokens (`13a`) and
/// smoothing (`exp`) as sacreBLEU 2's.
public enum BLEU {
  private static let order = 4

  /// An n-gram counts as often as the reference with most of it has it; the reference nearest in length is the measure
  /// of brevity.
  ///
  /// - Parameter pairs: each text with its references.
  public static func score(_ pairs: [(text: String, references: [String])]) -> Double {
    var (matches, totals) = (Array(repeating: 0, count: order), Array(repeating: 0, count: order))
    var lengths = (text: 0, reference: 0)
    for pair in pairs {
      let (text, references) = (tokens(pair.text), pair.references.map(tokens))
      lengths.text += text.count
      let nearest = references.map(\.count).min {
        (abs($0 - text.count), $0) < (abs($1 - text.count), $1)
      }
      lengths.reference += nearest ?? 0
      for n in 1...order {
        let found = counts(text, n)
        let right = references.reduce(into: [:]) { $0.merge(counts($1, n), uniquingKeysWith: max) }
        matches[n - 1] += found.reduce(0) { $0 + min($1.value, right[$1.key] ?? 0) }
        totals[n - 1] += max(0, text.count - n + 1)
      }
    }
    guard matches.contains(where: { $0 > 0 }), !totals.contains(0) else { return 0 }
    var (smoothing, sum) = (1.0, 0.0)
    for (count, total) in zip(matches, totals) {
      if count == 0 { smoothing *= 2 }
      sum += log(100 * (count == 0 ? 1 / smoothing : Double(count)) / Double(total))
    }
    let isShort = lengths.text < lengths.reference
    let brevity = isShort ? exp(1 - Double(lengths.reference) / Double(lengths.text)) : 1
    return brevity * exp(sum / Double(order))
  }

  private static func counts(_ tokens: [String], _ n: Int) -> [[String]: Int] {
    guard tokens.count >= n else { return [:] }
    return (0...(tokens.count - n)).reduce(into: [:]) { $0[Array(tokens[$1..<($1 + n)]), default: 0] += 1 }
  }

  /// The words and signs of a text: punctuation apart, but for what stands within a number.
  static func tokens(_ text: String) -> [String] {
    var line = text.replacingOccurrences(of: "<skipped>", with: "").replacingOccurrences(of: "-\n", with: "")
      .replacingOccurrences(of: "\n", with: " ")
    for (entity, sign) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
      line = line.replacingOccurrences(of: entity, with: sign)
    }
    var scalars = Array(" \(line) ".unicodeScalars).flatMap { scalar -> [Unicode.Scalar] in
      isSign(scalar) ? [" ", scalar, " "] : [scalar]
    }
    scalars = pairs(scalars) { isStop($1) && !isDigit($0) ? [$0, " ", $1, " "] : nil }
    scalars = pairs(scalars) { isStop($0) && !isDigit($1) ? [" ", $0, " ", $1] : nil }
    scalars = pairs(scalars) { isDigit($0) && $1 == "-" ? [$0, " ", $1, " "] : nil }
    return scalars.split(whereSeparator: \.properties.isWhitespace).map {
      String(String.UnicodeScalarView($0))
    }
  }

  /// Replaces pairs of neighbours from left to right; what was replaced is not looked at again.
  private static func pairs(
    _ scalars: [Unicode.Scalar], _ replacement: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]?
  ) -> [Unicode.Scalar] {
    var (result, place) = ([Unicode.Scalar](), 0)
    while place < scalars.count {
      if place + 1 < scalars.count, let new = replacement(scalars[place], scalars[place + 1]) {
        result += new
        place += 2
      } else {
        result.append(scalars[place])
        place += 1
      }
    }
    return result
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
  private static func isStop(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "," }
  /// ASCII's signs but for apostrophe, comma, hyphen and full stop.
  private static func isSign(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "{"..."~", "["..."`", " "..."&", "("..."+", ":"..."@", "/": true
    default: false
    }
  }
}
