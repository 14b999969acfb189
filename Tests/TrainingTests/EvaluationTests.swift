import Testing

@testable import Training

/// Values of scikit-learn and scipy.
struct EvaluationTests {
  static let classes: [([Int], [Int], Int, [Double])] = [
    (
      [1, 0, 1, 1, 0, 1, 0, 0, 1, 1], [1, 0, 0, 1, 1, 1, 0, 1, 1, 0], 2,
      [0.6, 0.6666666666666666, 0.16666666666666666]
    ),
    (
      [0, 1, 2, 2, 1, 0, 2, 1, 0, 2], [0, 2, 2, 2, 1, 1, 2, 1, 0, 0], 3,
      [0.7, 0.6944444444444443, 0.5454545454545454]
    ),
  ]

  @Test(arguments: classes)
  func classesAgree(right: [Int], predicted: [Int], count: Int, expected: [Double]) {
    var agreement = Agreement(classes: count)
    for (right, predicted) in zip(right, predicted) { agreement.add(right: right, predicted: predicted) }
    for (found, expected) in zip([agreement.accuracy, agreement.f1, agreement.matthews], expected) {
      #expect(abs(found - expected) < 1e-12)
    }
  }

  @Test func labelsThatDoNotCountAreLeftOut() {
    var agreement = Agreement(classes: 2)
    agreement.add(right: -100, predicted: 1)
    agreement.add(right: 1, predicted: 1)
    #expect(agreement.accuracy == 1)
    #expect(Agreement(classes: 0).matthews == 0 && Agreement(classes: 2).f1 == 0)
  }

  @Test func seriesCorrelate() {
    let (x, y) = ([1.0, 2.5, 2.5, 4.0, 0.5, 3.0], [1.2, 2.0, 3.1, 3.9, 0.1, 3.1])
    #expect(abs(Correlation.pearson(x, y) - 0.9583659404238619) < 1e-12)
    #expect(abs(Correlation.spearman(x, y) - 0.9558823529411764) < 1e-12)
    #expect(Correlation.pearson([1, 1], [2, 3]) == 0)
    #expect(Correlation.spearman([.nan, .nan, 1], [1, 2, 3]).isFinite)
  }
}
