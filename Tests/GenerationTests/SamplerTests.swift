import Configuration
import JSON
import Models
import Testing
import Torch

@testable import Generation

struct SamplerTests {
  /// How often each of 4000 draws was which token.
  private func shares(_ logits: [Float], after text: [Int] = [], _ change: (inout SamplingOptions) -> Void)
    throws
    -> [Double]
  {
    var options = SamplingOptions()
    options.temperature = 1
    change(&options)
    let sampler = Sampler(options, generator: try Generator(seed: 7))
    var counts = [Double](repeating: 0, count: logits.count)
    for _ in 0..<4000 { counts[try sampler.next(Tensor(logits), after: text)] += 1 / 4000 }
    return counts
  }

  @Test func drawsFollowTheProbabilities() throws {
    let drawn = try shares([1, 2, 0]) { _ in }
    for (share, expected) in zip(drawn, [0.2447, 0.6652, 0.0900]) { #expect(abs(share - expected) < 0.03) }
    let cold = try shares([1, 2, 0]) { $0.temperature = 0.25 }
    #expect(abs(cold[1] - 0.9817) < 0.01)
  }

  @Test func eachLimitKeepsTheLikeliest() throws {
    let logits: [Float] = [1, 3, 2, 0]  // probabilities 0.087, 0.644, 0.237, 0.032
    #expect(try shares(logits) { $0.topK = 2 }.map { $0 > 0 } == [false, true, true, false])
    #expect(try shares(logits) { $0.topP = 0.7 }.map { $0 > 0 } == [false, true, true, false])
    #expect(try shares(logits) { $0.topP = 0.6 }.map { $0 > 0 } == [false, true, false, false])
    #expect(try shares(logits) { $0.topP = 0.01 }.map { $0 > 0 } == [false, true, false, false])
    #expect(try shares(logits) { $0.minP = 0.1 }.map { $0 > 0 } == [true, true, true, false])
    #expect(try shares(logits) { $0.topK = 100 }.allSatisfy { $0 > 0 })
  }

  @Test func repetitionLowersLogitsOfEitherSign() throws {
    var options = SamplingOptions()
    options.repetitionPenalty = 2
    let sampler = Sampler(options, generator: try Generator(seed: 0))
    #expect(try sampler.next(Tensor([Float(3), 2, -1]), after: []) == 0)
    #expect(try sampler.next(Tensor([Float(3), 2, -1]), after: [0, 0, 99]) == 1)
    #expect(try sampler.next(Tensor([Float(-1), -1.5, -9]), after: [0]) == 1)
  }

  @Test func forbiddenTokensDoNotCome() throws {
    let sampler = Sampler(SamplingOptions(), generator: try Generator(seed: 0))
    #expect(try sampler.next(Tensor([Float(3), 2, -1]), after: [], forbidden: [0, 64]) == 1)
  }

  @Test func logitsThatAreNoNumbersAreAnError() throws {
    let sampler = Sampler(SamplingOptions(), generator: try Generator(seed: 0))
    #expect(throws: ModelError.self) { try sampler.next(Tensor([Float(1), .nan]), after: []) }
  }

  @Test(arguments: [
    ("max_new_tokens", "0"), ("temperature", "-1"), ("top_p", "0"), ("top_p", "1.5"), ("top_k", "-1"),
    ("min_p", "2"), ("repetition_penalty", "0"), ("stop", #"[""]"#), ("temperature", #""hot""#),
  ])
  func optionsOutOfRangeAreNamed(key: String, value: String) throws {
    let error = try #require(throws: ConfigurationError.self) {
      try SamplingOptions([key: .parse(value)])
    }
    #expect(error.field == key)
  }
}
