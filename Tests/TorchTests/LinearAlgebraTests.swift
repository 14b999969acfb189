import Testing

@testable import Torch

struct LinearAlgebraTests {
  @Test(arguments: [[5, 5], [7, 3], [3, 7]])
  func factorizationsMultiplyBack(shape: [Int]) throws {
    let generator = try Generator(seed: 1)
    let matrix = try Tensor.randn(shape, dtype: .float64, generator: generator)
    let (u, s, vh) = try matrix.svd()
    #expect(try (u * s).mm(vh).relativeError(to: matrix) < 1e-12)
    let (q, r) = try matrix.qr()
    #expect(try q.mm(r).relativeError(to: matrix) < 1e-12)
    let gram = try matrix.mm(matrix.t())
    let (values, vectors) = try gram.eigh()
    #expect(try (vectors * values).mm(vectors.t()).relativeError(to: gram) < 1e-12)
    #expect(try matrix.mm(matrix.pinv()).mm(matrix).relativeError(to: matrix) < 1e-12)
  }

  @Test(arguments: [[20, 12], [12, 20]])
  func lowRankSVDFindsTheLeadingPart(shape: [Int]) throws {
    let generator = try Generator(seed: 2)
    let left = try Tensor.randn([shape[0], 3], dtype: .float64, generator: generator)
    let right = try Tensor.randn([3, shape[1]], dtype: .float64, generator: generator)
    let matrix = try left.mm(right)
    let (u, s, v) = try matrix.svdLowRank(3, generator: generator)
    #expect(u.shape == [shape[0], 3] && s.shape == [3] && v.shape == [shape[1], 3])
    #expect(try (u * s).mm(v.t()).relativeError(to: matrix) < 1e-10)
  }

  @Test func solvingFindsTheUnknown() throws {
    let generator = try Generator(seed: 3)
    let matrix = try Tensor.randn([4, 4], dtype: .float64, generator: generator)
    let unknown = try Tensor.randn([4, 2], dtype: .float64, generator: generator)
    #expect(try matrix.solve(matrix.mm(unknown)).relativeError(to: unknown) < 1e-10)
    #expect(throws: TorchError.self) { try Tensor.zeros([3, 3]).solve(.ones([3, 1])) }
  }
}
