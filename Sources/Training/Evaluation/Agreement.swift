/// How well predicted classes agree with the right ones, from counts alone.
public struct Agreement: Sendable {
  /// `counts[right][predicted]`.
  private var counts: [[Int]]

  public init(classes: Int) { counts = Array(repeating: Array(repeating: 0, count: classes), count: classes) }

  /// Counts one prediction; a negative class does not count.
  public mutating func add(right: Int, predicted: Int) {
    guard right >= 0, predicted >= 0 else { return }
    widen(to: max(right, predicted) + 1)
    counts[right][predicted] += 1
  }

  /// Makes room for at least `classes` classes.
  mutating func widen(to classes: Int) {
    let missing = classes - counts.count
    guard missing > 0 else { return }
    for index in counts.indices { counts[index] += Array(repeating: 0, count: missing) }
    counts += Array(repeating: Array(repeating: 0, count: classes), count: missing)
  }

  private var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }
  private var correct: Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }
  private func right(_ index: Int) -> Int { counts[index].reduce(0, +) }
  private func predicted(_ index: Int) -> Int { counts.reduce(0) { $0 + $1[index] } }

  /// The share of predictions that are right.
  public var accuracy: Double { total == 0 ? 0 : Double(correct) / Double(total) }

  /// F1 of class 1 when there are two classes, the mean over the classes that occur otherwise.
  ///
  /// Source: `f1_score` of scikit-learn (`binary`, `macro`).
  public var f1: Double {
    if counts.count == 2 { return f1(of: 1) }
    let occurring = counts.indices.filter { right($0) + predicted($0) > 0 }
    return occurring.isEmpty ? 0 : occurring.reduce(0) { $0 + f1(of: $1) } / Double(occurring.count)
  }

  private func f1(of index: Int) -> Double {
    let claims = right(index) + predicted(index)
    return claims == 0 ? 0 : 2 * Double(counts[index][index]) / Double(claims)
  }

  /// Matthews' correlation coefficient, for any number of classes; 0 where it is not defined.
  ///
  /// Source: Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient".
  public var matthews: Double {
    let all = Double(total)
    var (agreement, predictions, truths) = (Double(correct) * all, 0.0, 0.0)
    for index in counts.indices {
      let (t, p) = (Double(right(index)), Double(predicted(index)))
      agreement -= t * p
      predictions += p * p
      truths += t * t
    }
    let scale = ((all * all - predictions) * (all * all - truths)).squareRoot()
    return scale == 0 ? 0 : agreement / scale
  }
}
