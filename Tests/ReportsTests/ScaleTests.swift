/// Axes choose round numbers and put values where they belong.
import Testing

@testable import Reports

@Suite struct ScaleTests {
  private func labels(_ values: [Double], _ axis: Axis = Axis(), ticks: Int = 5, rounded: Bool = true)
    -> [String]
  {
    Scale(values, axis: axis, from: 0, to: 100, rounded: rounded, ticks: ticks).ticks.map(\.label)
  }

  @Test func linearLabelsAreRoundAndOfOneLength() {
    #expect(labels([1.2, 3.9]) == ["1", "2", "3", "4"])
    #expect(labels([0.13, 0.38]) == ["0.10", "0.15", "0.20", "0.25", "0.30", "0.35", "0.40"])
    #expect(labels([-3, 7]) == ["-4", "-2", "0", "2", "4", "6", "8"])
    #expect(labels([0, 2e-4], Axis(format: .learningRate)) == ["0", "5e-5", "1e-4", "1.5e-4", "2e-4"])
  }

  @Test func countsAreWhole() {
    #expect(labels([0, 2], Axis(format: .count), ticks: 8) == ["0", "1", "2"])
    #expect(labels([0, 50_000], Axis(format: .count)) == ["0", "10 k", "20 k", "30 k", "40 k", "50 k"])
  }

  @Test func logarithmicLabelsArePowersOrTheirMultiples() {
    let axis = Axis(scaling: .logarithmic)
    #expect(labels([0.002, 300], axis, ticks: 6) == ["0.001", "0.01", "0.1", "1", "10", "100", "1000"])
    #expect(labels([1.3, 4], axis, ticks: 6) == ["1", "2", "5"])
    #expect(
      labels([73_000, 2.2e7], Axis(scaling: .logarithmic, format: .count), rounded: false) == [
        "100 k", "1 M", "10 M",
      ])
  }

  @Test func endsOfTheRangeLieAtTheEnds() {
    let scale = Scale([2, 6], axis: Axis(), from: 10, to: 50, rounded: false, ticks: 4)
    #expect(scale(2) == 10)
    #expect(scale(4) == 30)
    #expect(scale(6) == 50)
    #expect(scale(100) == 50)
    #expect(scale(.nan) == nil)
  }

  @Test func logarithmicPlacesGoByRatio() {
    let scale = Scale([1, 100], axis: Axis(scaling: .logarithmic), from: 0, to: 10, rounded: false, ticks: 4)
    #expect(abs((scale(10) ?? 0) - 5) < 1e-9)
    #expect(scale(0) == nil)
    #expect(scale(-1) == nil)
  }

  @Test func zeroIsIncludedWhenAsked() {
    let scale = Scale([5, 6], axis: Axis(includesZero: true), from: 0, to: 1, rounded: true, ticks: 4)
    #expect(scale.domain.contains(0))
  }

  @Test(arguments: [
    [], [3], [0, 0], [-2, -2], [.nan], [.infinity, 1], [-1e308, 1e308], [1e308, 1e308],
    [Double.leastNonzeroMagnitude, 0],
  ])
  func oddRangesStillHaveAScale(values: [Double]) {
    for scaling in [Axis.Scaling.linear, .logarithmic] {
      let scale = Scale(values, axis: Axis(scaling: scaling), from: 0, to: 100, rounded: true, ticks: 5)
      #expect(scale.domain.lowerBound < scale.domain.upperBound)
      #expect(scale.ticks.count < 100)
      for value in values + scale.ticks.map(\.value) {
        guard let place = scale(value) else { continue }
        #expect(place >= -1e-6 && place <= 100 + 1e-6)
      }
    }
  }
}
