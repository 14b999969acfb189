import Testing
import Torch

@testable import NN

struct TokenSpansTests {
  /// Heads that lie by token, as projections give them, and by head.
  @Test(arguments: [[3], [1, 1], [5, 2, 5], [200, 3, 90, 1, 64, 150]], [false, true])
  func textsSideBySideAndBack(lengths: [Int], isByToken: Bool) throws {
    let spans = try TokenSpans(lengths: lengths)
    let total = lengths.reduce(0, +)
    let shape = isByToken ? [1, total, 2, 3] : [1, 2, total, 3]
    let x = try Tensor.randn(shape, generator: Generator(seed: 1)).requireGrad()
    let heads = try isByToken ? x.transposed(1, 2) : x
    let y = try spans.joined(
      spans.separated(heads).map { try $0.transposed(1, 2).reshaped([$0.shape[0], $0.shape[2], 6]) })
    #expect(try y.array(of: Float.self) == heads.transposed(1, 2).reshaped([-1]).array(of: Float.self))
    let upstream = try Tensor.randn([1, total, 6], generator: Generator(seed: 2))
    try y.backward(upstream)
    let gradient = try #require(x.grad)
    let byToken = try isByToken ? gradient : gradient.transposed(1, 2)
    #expect(try byToken.reshaped([-1]).array(of: Float.self) == upstream.reshaped([-1]).array(of: Float.self))
  }

  @Test func textsOfSimilarLengthShareAGroup() throws {
    let spans = try TokenSpans(lengths: [200, 3, 90, 1, 64, 150])
    #expect(spans.groups.map(\.longest) == [208, 96, 3])
    #expect(spans.groups.map(\.texts) == [2, 2, 2])
    #expect(spans.groups[0].mask?.shape == [2, 1, 1, 208])
  }

  /// Attention over texts end to end against each text by itself, gradients included.
  @Test(arguments: [false, true])
  func attentionWithinTexts(isCausal: Bool) throws {
    let lengths = [7, 70, 3, 1, 150]
    let spans = try TokenSpans(lengths: lengths)
    let draw = { (seed: UInt64) in
      try Tensor.randn([1, lengths.reduce(0, +), 8], generator: Generator(seed: seed)).requireGrad()
    }
    func heads(_ x: Tensor) throws -> Tensor {
      try x.reshaped([x.shape[0], x.shape[1], 2, 4]).transposed(1, 2)
    }
    func run(_ body: ([Tensor]) throws -> Tensor) throws -> [Tensor] {
      let parts = try (1...3).map { try draw($0) }
      let y = try body(parts)
      try y.square().sum().backward()
      return try [y.detached()] + parts.map { try #require($0.grad) }
    }
    let together = try run { parts in
      try spans.attention(parts.map(heads)) { group, parts in
        try attention(parts[0], parts[1], parts[2], mask: isCausal ? nil : group.mask, causal: isCausal)
      }
    }
    let apart = try run { parts in
      var start = 0
      let outputs = try lengths.map { length in
        defer { start += length }
        let own = try parts.map { try heads($0.slice(1, start..<(start + length))) }
        return try attention(own[0], own[1], own[2], mask: nil, causal: isCausal)
      }
      return try .cat(outputs, dim: 1)
    }
    for (mine, right) in zip(together, apart) { #expect(try mine.relativeError(to: right) < 1e-6) }
  }
}
