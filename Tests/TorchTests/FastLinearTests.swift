import Testing
import Torch

/// Products by kernels of our own, beside the ordinary ones in double precision.
struct FastLinearTests {
  @Test(arguments: [DType.float32, .bfloat16], Array(1...10))
  func isTheOrdinaryProduct(dtype: DType, rows: Int) throws {
    let generator = try Generator(seed: UInt64(rows))
    for (size, outputs) in [(1, 1), (7, 5), (64, 33), (1000, 301), (1024, 700)] {
      let x = try Tensor.randn([rows, size], generator: generator).to(dtype: dtype)
      let weight = try Tensor.randn([outputs, size], generator: generator).to(dtype: dtype)
      let bias = try Tensor.randn([outputs], generator: generator).to(dtype: dtype)
      let expected = try x.to(dtype: .float64).linear(
        weight.to(dtype: .float64), bias: bias.to(dtype: .float64))
      let y = try withoutGradients { try x.fastLinear(weight, bias: bias) ?? x.linear(weight, bias: bias) }
      #expect(y.dtype == dtype && y.shape == [rows, outputs])
      #expect(try y.relativeError(to: expected) < (dtype == .float32 ? 1e-6 : 5e-3))
    }
  }

  @Test func takesRowsOfAnyShape() throws {
    let generator = try Generator(seed: 1)
    let x = try Tensor.randn([2, 9, 3], generator: generator).transposed(1, 2).slice(2, 2..<3)
    let weight = try Tensor.randn([4, 1], generator: generator)
    let y = try withoutGradients { try x.fastLinear(weight, bias: nil) }
    #expect(try y?.relativeError(to: x.linear(weight)) ?? 1 < 1e-6)
  }

  /// Copies that only the call sees must live until it is done.
  @Test func readsStridedRowsWhole() throws {
    let generator = try Generator(seed: 2)
    for _ in 0..<50 {
      let x = try Tensor.randn([8, 3, 512], generator: generator).select(1, 1)
      let weight = try Tensor.randn([256, 512], generator: generator)
      let y = try withoutGradients { try x.fastLinear(weight, bias: nil) }
      #expect(try y?.relativeError(to: x.linear(weight)) ?? 1 < 1e-5)
    }
  }

  /// Whatever kernel the size asks for, whatever the order in memory, into whole sums and into parts of larger ones.
  @Test(arguments: [DType.float32, .bfloat16], [[2, 3, 5, 4], [9, 130, 64, 70], [3, 64, 300, 33]])
  func batchedProducts(dtype: DType, size: [Int]) throws {
    let generator = try Generator(seed: 4)
    func draw(_ rows: Int, _ columns: Int, transposed: Bool) throws -> Tensor {
      let shape = transposed ? [size[0], columns, rows] : [size[0], rows, columns]
      let x = try Tensor.randn(shape, generator: generator).to(dtype: dtype)
      return transposed ? try x.transposed() : x
    }
    let tolerance = dtype == .float32 ? 1e-6 : 1e-2
    for (first, second) in [(false, false), (false, true), (true, false)] {
      let left = try draw(size[1], size[2], transposed: first)
      let right = try draw(size[2], size[3], transposed: second)
      let expected = try left.to(dtype: .float64).bmm(right.to(dtype: .float64))
      let y = try withoutGradients { try left.fastMatmul(right) }
      #expect(try y.dtype == dtype && y.relativeError(to: expected) < tolerance)

      let larger = try Tensor.randn([size[0], size[1] + 5, size[3]], generator: generator).to(dtype: dtype)
      let before = try larger.clone()
      try withoutGradients { _ = try larger.slice(1, 0..<size[1]).addFastMatmul_(left, right) }
      let sum = try before.slice(1, 0..<size[1]).to(dtype: .float64) + expected
      #expect(try larger.slice(1, 0..<size[1]).relativeError(to: sum) < tolerance)
      #expect(try larger.slice(1, size[1]..<(size[1] + 5)).isIdentical(to: before.slice(1, from: size[1])))

      let (one, other) = (try left.select(0, 0), try right.select(0, 0))
      let matrix = try Tensor.randn([size[1], size[3]], generator: generator).to(dtype: dtype)
      let scaled = try matrix.to(dtype: .float64) + expected.select(0, 0) * 0.25
      try withoutGradients { _ = try matrix.addFastMatmul_(one, other, alpha: 0.25) }
      #expect(try matrix.relativeError(to: scaled) < tolerance)
    }
  }

  @Test func batchesThatDoNotFitAreRefused() throws {
    let (x, y) = (try Tensor.zeros([4, 200, 100]), try Tensor.zeros([4, 90, 200]))
    #expect(throws: TorchError.self) { try withoutGradients { try x.fastMatmul(y) } }
    #expect(throws: TorchError.self) { try withoutGradients { try x.addFastMatmul_(x, x.transposed()) } }
  }
}
