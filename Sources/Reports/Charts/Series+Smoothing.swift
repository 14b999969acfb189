/// Evening out noisy values without bending the curve below them.

extension Series {
  /// The points with their values evened out: each lies on the straight line that fits its surroundings best, where
  /// a point counts by `smoothing` to the power of how many points away it is. Looking both ways, the result does not
  /// lag behind as a running average does; fitting a line rather than a mean, it does not flatten at the ends.
  /// Points that are not finite stay as they are.
  var smoothed: [Point] {
    guard smoothing > 0 else { return points }
    let finite = points.indices.filter { points[$0].y.isFinite }
    let past = moments(along: finite)
    let future = moments(along: finite.reversed()).reversed()
    var smooth = points
    for (index, (past, future)) in zip(finite, zip(past, future)) {
      smooth[index].y = past.fit(with: future, value: points[index].y)
    }
    return smooth
  }

  private func moments(along indices: some Sequence<Int>) -> [Moments] {
    var moments = Moments()
    return indices.map { index in
      moments.advance(to: points[index].y, keeping: smoothing)
      return moments
    }
  }
}

/// Weighted sums over the points on one side: of weight, distance, distance squared, value, value times distance.
private struct Moments {
  var weight = 0.0
  var distance = 0.0
  var square = 0.0
  var value = 0.0
  var product = 0.0

  /// Moves on by one point: everything seen so far is one further away and counts less.
  mutating func advance(to next: Double, keeping share: Double) {
    square = share * (square + 2 * distance + weight)
    distance = share * (distance + weight)
    product = share * (product + value)
    weight = share * weight + 1
    value = share * value + next
  }

  /// The value at distance zero of the line fitted to both sides, which both contain the point itself.
  func fit(with other: Moments, value own: Double) -> Double {
    let (weights, values) = (weight + other.weight - 1, value + other.value - own)
    let (distances, squares) = (other.distance - distance, square + other.square)
    let determinant = weights * squares - distances * distances
    guard determinant > 1e-9 * weights * weights else { return values / weights }
    return (squares * values - distances * (other.product - product)) / determinant
  }
}
