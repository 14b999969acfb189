import Testing
import Torch

@testable import NN

struct GroupedProductTests {
  private func product(
    _ x: Tensor, _ weight: Parameter, bias: Tensor?, a: Tensor, b: Tensor, scale: Double, dropout: Double = 0
  ) throws -> Tensor {
    let factors = LowRankFactors(a: a, b: b, scale: scale, dropout: dropout)
    return try groupedProducts(x, [ProductTerm(weight: weight, bias: bias, update: factors)])[0]
  }

  @Test(arguments: [DType.float64, .float32, .bfloat16], [[7, 5], [2, 3, 5], [5]])
  func valuesAndGradientsEqualThePlainComposition(dtype: DType, shape: [Int]) throws {
    let generator = try Generator(seed: 1)
    func draw(_ shape: [Int]) throws -> Tensor { try .randn(shape, dtype: .float64, generator: generator) }
    let (weight, bias) = (try draw([6, 5]), try draw([6]))
    let values = [try draw(shape), try draw([3, 5]), try draw([6, 3])]
    let upstream = try draw(shape.dropLast() + [6])

    func run(fused: Bool) throws -> [Tensor] {
      let dtype = fused ? dtype : .float64
      let leaves = try values.map { try $0.to(dtype: dtype).clone().requireGrad() }
      let base = Parameter(name: "w", tensor: try weight.to(dtype: dtype))
      let y: Tensor
      if fused {
        y = try product(leaves[0], base, bias: bias.to(dtype: dtype), a: leaves[1], b: leaves[2], scale: 0.5)
      } else {
        y =
          try leaves[0].linear(base.tensor, bias: bias) + leaves[0].linear(leaves[1]).linear(leaves[2]) * 0.5
      }
      try y.backward(upstream.to(dtype: dtype))
      return try [y.detached()] + leaves.map { try #require($0.grad) }
    }
    let tolerance = dtype == .bfloat16 ? 2e-2 : dtype == .float32 ? 1e-6 : 1e-14
    for (fused, plain) in try zip(run(fused: true), run(fused: false)) {
      #expect(fused.shape == plain.shape)
      #expect(try fused.relativeError(to: plain) < tolerance)
    }
  }

  @Test func inputsThatAreViewsAreRead() throws {
    let x = try Tensor.randn([5, 4], generator: Generator(seed: 2)).t()
    let weight = Parameter(name: "w", tensor: try .randn([3, 5], generator: Generator(seed: 3)))
    let a = try Tensor.randn([2, 5], generator: Generator(seed: 4))
    let b = try Tensor.randn([3, 2], generator: Generator(seed: 5))
    let y = try product(x, weight, bias: nil, a: a, b: b, scale: 2)
    let expected = try x.mm((weight.tensor + b.mm(a) * 2).t())
    #expect(try y.relativeError(to: expected) < 1e-6)
  }

  @Test func dropoutScalesWhatItKeepsAndItsGradientsFollow() throws {
    try Generator.seedAll(6)
    let x = try Tensor.ones([1000, 8]).requireGrad()
    let a = try Tensor.ones([1, 8]).requireGrad()
    let b = try Tensor.ones([1, 1])
    let weight = Parameter(name: "w", tensor: try .zeros([1, 8]))
    let y = try product(x, weight, bias: nil, a: a, b: b, scale: 1, dropout: 0.25)
    try y.sum().backward()
    let gradient = try #require(x.grad)
    // The input is all ones, so the gradient of x is the mask, and y its row sums.
    let gradientA = try #require(a.grad)
    #expect(try gradient.sum([1], keepDim: true).relativeError(to: y) < 1e-6)
    #expect(try gradientA.relativeError(to: gradient.sum([0], keepDim: true)) < 1e-5)
    let distinct = Set(try gradient.array(of: Float.self))
    #expect(distinct == [0, Float(4) / 3])
    #expect(abs(try gradient.mean().item() - 1) < 0.05)
  }

  @Test(arguments: [DType.float32, .float64], [[20, 5], [4, 5]])
  func groupsEqualSeparateProducts(dtype: DType, shape: [Int]) throws {
    let generator = try Generator(seed: 7)
    func draw(_ shape: [Int]) throws -> Tensor { try .randn(shape, dtype: dtype, generator: generator) }
    let weights = try [draw([6, 5]), draw([3, 5]), draw([4, 5])].map { Parameter(name: "w", tensor: $0) }
    let bias = try draw([6])
    let factors = try [draw([2, 5]), draw([6, 2]), draw([1, 5]), draw([4, 1])]
    let x = try draw(shape)

    func run(_ body: ([Tensor]) throws -> [Tensor], skipping skipped: Int?) throws -> [Tensor] {
      let leaves = try ([x] + factors).map { try $0.clone().requireGrad() }
      let outputs = try body(leaves)
      var loss = try Tensor.zeros([], dtype: dtype)
      for (index, output) in outputs.enumerated() where index != skipped {
        loss = try loss + output.square().sum()
      }
      try loss.backward()
      return try outputs.map { try $0.detached() } + leaves.map { try $0.grad ?? $0.zerosLike() }
    }
    for skipped in [nil, 0, 1, 2] {
      let grouped = try run(
        { leaves in
          try groupedProducts(
            leaves[0],
            [
              ProductTerm(
                weight: weights[0], bias: bias, update: LowRankFactors(a: leaves[1], b: leaves[2], scale: 0.5)
              ),
              ProductTerm(weight: weights[1], bias: nil),
              ProductTerm(
                weight: weights[2], bias: nil, update: LowRankFactors(a: leaves[3], b: leaves[4], scale: 2)),
            ])
        }, skipping: skipped)
      let separate = try run(
        { leaves in
          [
            try leaves[0].linear(weights[0].tensor, bias: bias) + leaves[0].linear(leaves[1]).linear(
              leaves[2]) * 0.5,
            try leaves[0].linear(weights[1].tensor),
            try leaves[0].linear(weights[2].tensor) + leaves[0].linear(leaves[3]).linear(leaves[4]) * 2,
          ]
        }, skipping: skipped)
      for (mine, right) in zip(grouped, separate) {
        #expect(try mine.relativeError(to: right) < (dtype == .float32 ? 1e-6 : 1e-14))
      }
    }
  }
}
