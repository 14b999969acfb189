/// Suggests what was probably meant.
public enum NearestName {
  /// The candidate closest to `name`, if any is close enough to be a likely slip.
  public static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
    let limit = max(2, name.utf8.count / 3)
    let ranked = candidates.map { ($0, distance(name, $0)) }.min { $0.1 < $1.1 }
    guard let ranked, ranked.1 <= limit, ranked.0 != name else { return nil }
    return ranked.0
  }

  /// Edits (insertions, deletions, substitutions) that turn one into the other.
  ///
  /// Source: Levenshtein 1966; Wagner and Fischer 1974, two rows at a time.
  public static func distance(_ left: String, _ right: String) -> Int {
    let (a, b) = (Array(left.utf8), Array(right.utf8))
    var previous = Array(0...b.count)
    for (row, x) in a.enumerated() {
      var current = [row + 1]
      for (column, y) in b.enumerated() {
        let substitution = previous[column] + (x == y ? 0 : 1)
        current.append(min(substitution, previous[column + 1] + 1, current[column] + 1))
      }
      previous = current
    }
    return previous[b.count]
  }
}
