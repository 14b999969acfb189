import Testing

@testable import Torch

struct RecomputationTests {
  /// y = (2 x)^2 w, where 2 x is made again in the backward pass.
  @Test func whatIsMadeAgainEqualsWhatWasKept() throws {
    let product = { (remembers: Bool) in
      let x = try Tensor.randn([5, 3], generator: Generator(seed: 1)).requireGrad()
      var made = 0
      let double = try attachGradient(to: withoutGradients { try x * 2 }, inputs: [x]) { gradient, _ in
        [try gradient * 2]
      }
      let input =
        try remembers
        ? double
        : double.recomputable(from: [x]) { sources in
          made += 1
          return try sources[0] * 2
        }
      let y = try attachGradient(
        to: withoutGradients { try input.square() }, inputs: [input], saving: [input]
      ) {
        gradient, saved in [try gradient * saved[0] * 2]
      }
      try y.sum().backward()
      return (try #require(x.grad), made)
    }
    let (kept, again) = (try product(true), try product(false))
    #expect(kept.1 == 0)
    #expect(again.1 == 1)
    #expect(try kept.0.array(of: Float.self) == again.0.array(of: Float.self))
  }

  @Test func sourcesAreKeptInItsPlace() throws {
    let (a, b) = (try Tensor.ones([2]), try Tensor.ones([3]))
    let sum = try Tensor.ones([4]).recomputable(from: [a, b]) { try .cat($0, dim: 0) }
    let memory = SavedTensors([a, sum, b])
    #expect(memory.kept.map(\.shape) == [[2], [2], [3], [3]])
    #expect(try memory.restoring(memory.kept).map(\.shape) == [[2], [5], [3]])
  }
}
