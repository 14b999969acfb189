import Testing

@testable import Torch

@Suite(.serialized)
struct DropoutTests {
  @Test(arguments: [DType.float32, .bfloat16, .float64], [0.1, 0.5, 0.9])
  func aShareIsDroppedAndTheMeanKept(dtype: DType, rate: Double) throws {
    try Generator.seedAll(7)
    let x = try Tensor.ones([1000, 130], dtype: dtype).requireGrad()
    let y = try x.dropout(rate)
    let zeros = try y.equal(0).to(dtype: .float64).mean().item(of: Double.self)
    #expect(abs(zeros - rate) < 0.005)
    #expect(abs(try y.to(dtype: .float64).mean().item(of: Double.self) - 1) < 0.05)
    // Neither rows nor columns share a fate.
    let kept = try y.notEqual(0).to(dtype: .float64)
    for dim in [0, 1] {
      let shares = try kept.mean([dim]).array(of: Double.self)
      let size = Double(kept.shape[dim])
      let spread = shares.map { ($0 - (1 - rate)) * ($0 - (1 - rate)) }.reduce(0, +) / Double(shares.count)
      #expect((0.7...1.4).contains(spread / (rate * (1 - rate) / size)))
    }
    try y.sum().backward()
    let gradient = try #require(x.grad)
    #expect(
      try gradient.to(dtype: .float64).array(of: Double.self) == y.to(dtype: .float64).array(of: Double.self))
  }

  @Test func seedsDecide() throws {
    let x = try Tensor.ones([64, 64])
    let draw = { (seed: UInt64) in
      try Generator.seedAll(seed)
      return try [x.dropout(0.5).array(of: Float.self), x.dropout(0.5).array(of: Float.self)]
    }
    let (first, again, other) = (try draw(1), try draw(1), try draw(2))
    #expect(first == again)
    #expect(first != other)
    #expect(first[0] != first[1])
  }

  @Test func aChoiceIsTheSameEachTimeAndForViews() throws {
    let x = try Tensor.randn([40, 30], generator: Generator(seed: 1))
    let choice = try DropoutChoice(rate: 0.4, for: x)
    #expect(try choice(x).array(of: Float.self) == choice(x).array(of: Float.self))
    let turned = try x.t().contiguous().t()
    #expect(try choice(turned).array(of: Float.self) == choice(x).array(of: Float.self))
  }
}
