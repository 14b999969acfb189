import Testing
import Torch

@testable import NN

/// Every fused function against the composition that defines it: values and gradients.
struct FusedFunctionTests {
  static let types: [DType] = [.float32, .bfloat16]

  private let generator: Generator

  init() throws { generator = try Generator(seed: 11) }

  private func draw(_ shape: [Int], _ dtype: DType = .float32) throws -> Tensor {
    try Tensor.randn(shape, generator: generator).to(dtype: dtype)
  }

  /// Compares y = f(inputs) and its gradients with those of `reference` in float64.
  private func compare(
    _ inputs: [Tensor], _ fused: ([Tensor]) throws -> Tensor, _ reference: ([Tensor]) throws -> Tensor,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    func run(_ dtype: DType?, _ body: ([Tensor]) throws -> Tensor) throws -> [Tensor] {
      let leaves = try inputs.map { try $0.to(dtype: dtype).clone().requireGrad() }
      let y = try body(leaves)
      let upstream = try Tensor.randn(y.shape, generator: Generator(seed: 12)).to(dtype: y.dtype)
      try y.backward(upstream)
      return try [y.detached()] + leaves.map { try #require($0.grad) }
    }
    let tolerance = inputs[0].dtype == .float32 ? 2e-6 : 1.5e-2
    for (mine, right) in try zip(run(nil, fused), run(.float64, reference)) {
      #expect(mine.shape == right.shape, sourceLocation: sourceLocation)
      let error = try mine.relativeError(to: right)
      #expect(error < tolerance, sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: types, [[3, 7], [2, 5, 64], [1, 129]])
  func rmsNormalization(dtype: DType, shape: [Int]) throws {
    let weight = try draw([shape[shape.count - 1]], dtype)
    try compare([draw(shape, dtype)]) {
      try rmsNorm($0[0], weight: weight, eps: 1e-5)
    } _: {
      try composedRMSNorm($0[0], weight: weight.to(dtype: .float64), eps: 1e-5)
    }
    let transposed = try draw([shape[shape.count - 1], 4], dtype).t()
    #expect(
      try rmsNorm(transposed, weight: weight, eps: 1e-5).relativeError(
        to: composedRMSNorm(transposed, weight: weight, eps: 1e-5)) < (dtype == .float32 ? 1e-6 : 1e-2))
  }

  @Test(arguments: types, [1, 2])
  func rotaryEmbedding(dtype: DType, batch: Int) throws {
    let positions = try Tensor([0, 1, 2, 3, 4, 7, 8, 9, 1, 5].map { $0 } as [Int], shape: [2, 5]).slice(
      0, 0..<batch)
    let frequencies = try Tensor([1, 0.3, 0.05] as [Float])
    let tables = { (dtype: DType) in
      try RotaryTables(positions: positions, inverseFrequencies: frequencies, dtype: dtype)
    }
    try compare([draw([2, 5, 3, 6], dtype)]) {
      try tables(dtype).rotateHeads($0[0])
    } _: {
      try tables(.float64).rotate($0[0].transposed(1, 2))
    }
  }

  @Test(arguments: types, [[5], [3, 40], [2, 3, 17]])
  func gatedUnits(dtype: DType, shape: [Int]) throws {
    try compare([draw(shape, dtype) * 4, draw(shape, dtype)]) {
      try gated($0[0], $0[1], by: .silu)
    } _: {
      try $0[0].silu() * $0[1]
    }
  }

  @Test(arguments: types, [[1, 4, 4, 64], [2, 4, 2, 4], [3, 6, 1, 3], [2, 2, 2, 4]])
  func attentionOfShortSequences(dtype: DType, heads: [Int]) throws {
    let (batch, queries, keys, blockSize) = (heads[0], heads[1], heads[2], heads[3])
    let inputs = [
      try draw([batch, queries, 9, 8], dtype), try draw([batch, keys, 9, 8], dtype),
      try draw([batch, keys, 9, 8], dtype),
    ]
    try compare(inputs) {
      try causalAttention($0[0], $0[1], $0[2], scale: 0.4, blockSize: blockSize)
    } _: {
      try .scaledDotProductAttention(
        $0[0], $0[1].repeatInterleaved(queries / keys, dim: 1),
        $0[2].repeatInterleaved(queries / keys, dim: 1),
        causal: true, scale: 0.4)
    }
  }

  @Test(arguments: types, [0, 0.3])
  func attentionWithPaddingAndDropout(dtype: DType, rate: Double) throws {
    let inputs = [
      try draw([2, 4, 5, 8], dtype), try draw([2, 2, 7, 8], dtype), try draw([2, 2, 7, 8], dtype),
    ]
    let mask = try Tensor.arange(0, 7).unsqueezed(0).less(Tensor([4, 7]).unsqueezed(1)).unsqueezed(1)
      .unsqueezed(1)
    let earlier = try Tensor.arange(0, 7).unsqueezed(0).lessOrEqual(Tensor.arange(2, 7).unsqueezed(1))
    for mask in [nil, mask, try mask.logicalAnd(earlier)] {
      var kept: Tensor?
      try compare(inputs) {
        try Generator.seedAll(3)
        let y = try shortAttention($0[0], $0[1], $0[2], mask: mask, scale: 0.4, dropout: rate)
        try Generator.seedAll(3)
        let like = try Tensor.ones([2, 4, 5, 7])
        kept = try rate > 0 ? DropoutChoice(rate: rate, for: like)(like) : nil
        return y
      } _: {
        var scores = try $0[0].matmul($0[1].repeatInterleaved(2, dim: 1).transposed(2, 3)) * 0.4
        if let mask { scores = try scores.maskedFill(mask.logicalNot(), -.infinity) }
        var p = try scores.softmax(-1)
        if let kept { p = try p * kept.to(dtype: .float64) }
        return try p.matmul($0[2].repeatInterleaved(2, dim: 1))
      }
    }
  }

  @Test func aQueryThatIsShownNothingGetsZeros() throws {
    let (q, k) = (try draw([1, 1, 2, 4]), try draw([1, 1, 3, 4]))
    let mask = try Tensor([0, 0, 0, 1, 1, 0] as [Int], shape: [1, 1, 2, 3]).to(dtype: .bool)
    let y = try shortAttention(q, k, k, mask: mask, scale: 1, dropout: 0)
    #expect(try y.slice(2, 0..<1).array(of: Float.self) == [0, 0, 0, 0])
    #expect(try y.array(of: Float.self).allSatisfy(\.isFinite))
  }

  @Test(arguments: types, [[2, 3, 5, 7], [2, 150, 64, 80]])
  func productsWithTrainedWeights(dtype: DType, size: [Int]) throws {
    let x = try draw([size[0], size[1], size[2]], dtype)
    let (weight, bias) = (try draw([size[3], size[2]], dtype), try draw([size[3]], dtype))
    try compare([x, weight]) {
      try trainedProduct($0[0], $0[1], bias: nil)
    } _: {
      try $0[0].linear($0[1])
    }
    try compare([x, weight, bias]) {
      try trainedProduct($0[0], $0[1], bias: $0[2])
    } _: {
      try $0[0].linear($0[1], bias: $0[2])
    }
  }

  /// A step of generation: keys in a buffer with room behind them, heads that share keys, some keys hidden.
  @Test(arguments: types, [[1, 4, 4, 64], [2, 6, 2, 24], [3, 3, 1, 5]])
  func attentionOfOneToken(dtype: DType, heads: [Int]) throws {
    let (batch, size) = (heads[0], heads[3])
    for keys in [1, 9, 33] {
      let q = try draw([batch, heads[1], 1, size], dtype)
      let buffers = try (0..<2).map { _ in try draw([batch, heads[2], keys + 7, size], dtype) }
      let (k, v) = (try buffers[0].slice(2, 0..<keys), try buffers[1].slice(2, 0..<keys))
      let hidden = try Tensor.arange(0, keys).unsqueezed(0).less(Tensor(Array(0..<batch)).unsqueezed(1))
      let some = try hidden.logicalNot().unsqueezed(1).unsqueezed(1)
      for mask in keys > batch ? [nil, some] : [nil] {
        let y = try withoutGradients { try attention(q, k, v, mask: mask, causal: true, scale: 0.3) }
        let wide = try [q, k, v].map { try $0.to(dtype: .float64) }
        let shared = try wide.dropFirst().map { try $0.repeatInterleaved(heads[1] / heads[2], dim: 1) }
        var scores = try wide[0].matmul(shared[0].transposed()) * 0.3
        if let mask { scores = try scores.maskedFill(mask.logicalNot(), -.infinity) }
        let expected = try scores.softmax(-1).matmul(shared[1]).reshaped([batch, 1, -1])
        #expect(y.dtype == dtype && y.shape == expected.shape)
        #expect(try y.relativeError(to: expected) < (dtype == .float32 ? 2e-6 : 5e-3))
      }
    }
  }

  @Test func attentionOfOneTokenRefusesWhatDoesNotFit() throws {
    let (q, k) = (try draw([2, 4, 1, 8]), try draw([2, 3, 5, 8]))
    #expect(throws: TorchError.self) { try q.fusedTokenAttention(keys: k, values: k, mask: nil, scale: 1) }
    let (fit, short) = (try draw([2, 2, 5, 8]), try draw([2, 2, 4, 8]))
    #expect(throws: TorchError.self) {
      try q.fusedTokenAttention(keys: fit, values: short, mask: nil, scale: 1)
    }
    let mask = try Tensor.ones([2, 1, 1, 4], dtype: .bool)
    #expect(throws: TorchError.self) {
      try q.fusedTokenAttention(keys: fit, values: fit, mask: mask, scale: 1)
    }
  }

  @Test func attentionSeesTheCacheBeforeIt() throws {
    let (q, k, v) = (try draw([1, 2, 6, 4]), try draw([1, 2, 6, 4]), try draw([1, 2, 6, 4]))
    let whole = try causalAttention(q, k, v, scale: 0.5)
    let last = try causalAttention(q.slice(2, 2..<6), k, v, scale: 0.5, blockSize: 2)
    #expect(try last.relativeError(to: whole.slice(2, 2..<6)) < 1e-6)
  }

  @Test(arguments: types, [1, 70, 300])
  func crossEntropyInChunks(dtype: DType, rows: Int) throws {
    let vocabulary = 500
    let weight = Parameter(name: "w", tensor: try draw([vocabulary, 4], dtype))
    let targets = try Tensor.randint(0..<vocabulary, [rows], generator: generator)
    try compare([draw([rows, 4], dtype)]) {
      try chunkedCrossEntropy($0[0], targets, weight: weight, chunkBytes: 1)
    } _: {
      try $0[0].linear(weight.tensor.to(dtype: .float64)).crossEntropy(targets, reduction: .sum)
    }
  }

  @Test func targetsOutsideTheVocabularyAreRefused() throws {
    let weight = Parameter(name: "w", tensor: try draw([10, 4]))
    for target in [10, -1] {
      #expect(throws: TorchError.self) {
        try chunkedCrossEntropy(draw([1, 4]), Tensor([target]), weight: weight)
      }
    }
  }

  @Test func extremeValuesStayFinite() throws {
    let x = try Tensor([-1e4, -90, 0, 90, 1e4] as [Float])
    let y = try gated(x, x.onesLike(), by: .silu)
    #expect(try y.relativeError(to: x.silu()) < 1e-6)
    let logits = try Tensor([1e4, -1e4, 0] as [Float], shape: [1, 3])
    #expect(try logits.clone().fusedCrossEntropy_(Tensor([1])).item(of: Float.self) == 2e4)
  }
}
