/// How two series of numbers go together.
public enum Correlation {
  /// Pearson's coefficient; 0 where one series does not vary.
  public static func pearson(_ left: [Double], _ right: [Double]) -> Double {
    let count = Double(min(left.count, right.count))
    guard count > 0 else { return 0 }
    let pairs = zip(left, right)
    let sums = pairs.reduce(into: (0.0, 0.0)) { $0 = ($0.0 + $1.0, $0.1 + $1.1) }
    let (middle, center) = (sums.0 / count, sums.1 / count)
    var (together, own, other) = (0.0, 0.0, 0.0)
    for (x, y) in pairs {
      together += (x - middle) * (y - center)
      own += (x - middle) * (x - middle)
      other += (y - center) * (y - center)
    }
    let scale = (own * other).squareRoot()
    return scale == 0 ? 0 : together / scale
  }

  /// Spearman's coefficient: Pearson's of the ranks, equal values sharing the mean of theirs.
  public static func spearman(_ left: [Double], _ right: [Double]) -> Double {
    pearson(ranks(left), ranks(right))
  }

  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      // A value that is not a number equals nothing, itself included.
      end = max(end, start + 1)
      for place in start..<end { ranks[order[place]] = Double(start + end - 1) / 2 }
      start = end
    }
    return ranks
  }
}
