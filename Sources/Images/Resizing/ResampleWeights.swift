/// Which pixels of a line go into each pixel of a line of another length, and with what weight.
struct ResampleWeights {
  struct Window {
    let start: Int
    /// In 22 bits behind the point, so that sums of bytes are exact.
    let weights: [Int32]
  }

  static let precision: Int32 = 22
  let windows: [Window]

  init(from count: Int, to newCount: Int, _ filter: ResampleFilter) {
    let scale = Double(count) / Double(newCount)
    let spread = max(scale, 1)
    let support = filter.support * spread
    windows = (0..<newCount).map { place in
      let center = (Double(place) + 0.5) * scale
      let start = max(0, Int(center - support + 0.5))
      let end = max(start + 1, min(count, Int(center + support + 0.5)))
      let weights = (start..<end).map { filter.weight((Double($0) - center + 0.5) * (1 / spread)) }
      let sum = weights.reduce(0, +)
      return Window(
        start: start,
        weights: weights.map { weight in
          let share = (sum != 0 ? weight / sum : weight) * Double(1 << Self.precision)
          return Int32(share < 0 ? share - 0.5 : share + 0.5)
        })
    }
  }
}
