/// Smoothing and thinning keep what matters about a curve.
import Testing

@testable import Reports

@Suite struct SeriesTests {
  private func series(_ values: [Double], smoothing: Double) -> Series {
    Series("", values.enumerated().map { Point(Double($0), $1) }, smoothing: smoothing)
  }

  @Test(arguments: [0.3, 0.9, 0.99])
  func smoothingLeavesStraightLines(smoothing: Double) {
    let line = (0..<50).map { 3 - 0.04 * Double($0) }
    for (smooth, value) in zip(series(line, smoothing: smoothing).smoothed, line) {
      #expect(abs(smooth.y - value) < 1e-9)
    }
  }

  @Test func smoothingRemovesNoise() {
    var random = TestRandom(seed: 1)
    let noise = (0..<500).map { _ in Double.random(in: -1...1, using: &random) }
    let spread = { (values: [Double]) in values.map { $0 * $0 }.reduce(0, +) }
    #expect(spread(series(noise, smoothing: 0.9).smoothed.map(\.y)) < 0.15 * spread(noise))
  }

  @Test func smoothingAgreesWithTheWeightedLeastSquaresLine() {
    let values = [4, 1, 3, 0, 2, 5, 1, 1.5]
    let weightPerStep = 0.7
    let smooth = series(values, smoothing: weightPerStep).smoothed
    for center in values.indices {
      var (w, wd, wdd, wy, wdy) = (0.0, 0.0, 0.0, 0.0, 0.0)
      for (index, value) in values.enumerated() {
        let distance = Double(index - center)
        let weight = (0..<abs(index - center)).reduce(1) { product, _ in product * weightPerStep }
        w += weight
        wd += weight * distance
        wdd += weight * distance * distance
        wy += weight * value
        wdy += weight * distance * value
      }
      #expect(abs(smooth[center].y - (wdd * wy - wd * wdy) / (w * wdd - wd * wd)) < 1e-9)
    }
  }

  @Test func valuesThatAreNotFiniteStayAndSpoilNothing() {
    let smooth = series([1, .nan, 1, .infinity, 1], smoothing: 0.9).smoothed
    #expect(smooth[1].y.isNaN)
    #expect(smooth[3].y == .infinity)
    for index in [0, 2, 4] { #expect(abs(smooth[index].y - 1) < 1e-9) }
    #expect(series([2], smoothing: 0.9).smoothed == [Point(0, 2)])
    #expect(series([], smoothing: 0.9).smoothed.isEmpty)
    #expect(series([1], smoothing: .nan).smoothing == 0)
  }

  @Test func thinningKeepsPeaksAndEnds() {
    var points = (0..<100_000).map { Point(Double($0) / 1000, Double($0 % 7)) }
    points[54_321].y = 99
    points[77_777].y = -99
    let thin = Thinning(columnWidth: 1)(points)
    #expect(thin.count <= 404)
    #expect(thin.first == points.first)
    #expect(thin.last == points.last)
    #expect(thin.contains(points[54_321]))
    #expect(thin.contains(points[77_777]))
    #expect(zip(thin, thin.dropFirst()).allSatisfy { $0.x <= $1.x })
  }

  @Test func thinningLeavesSparseLines() {
    let points = (0..<50).map { Point(Double($0), 1) }
    #expect(Thinning(columnWidth: 1)(points) == points)
    #expect(Thinning(columnWidth: 1)([]).isEmpty)
  }

  @Test func shortNamesKeepWhatDiffers() {
    #expect(ShortNames(["model.layers.0.q", "model.layers.1.k"]).names == ["0.q", "1.k"])
    #expect(ShortNames(["q", "k"]).names == ["q", "k"])
    #expect(ShortNames(["a.b", "a.b"]).names == ["b", "b"])
    #expect(ShortNames(["a.b"]).names == ["a.b"])
    #expect(ShortNames(["a", "a.b"]).names == ["a", "a.b"])
    #expect(ShortNames([]).names.isEmpty)
  }
}
