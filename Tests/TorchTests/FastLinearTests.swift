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
}
