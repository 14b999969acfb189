import Testing
import Torch

@testable import Training

/// AdamW with eight-bit means beside the one with float32 means.
struct AdamW8bitTests {
  private func options(_ kind: OptimizerKind, _ edit: (inout TrainingOptions) -> Void = { _ in })
    -> TrainingOptions
  {
    var options = TrainingOptions()
    (options.optimizer, options.weightDecay) = (kind, 0.1)
    edit(&options)
    return options
  }

  /// A large tensor that ends within a block, and a small one.
  private func parameters(_ dtype: DType = .float32) throws -> [TrainableParameter] {
    let generator = try Generator(seed: 3)
    return try [("large", [67, 101]), ("small", [8, 8])].map { name, shape in
      TrainableParameter(
        name: name, tensor: try Tensor.randn(shape, generator: generator).to(dtype: dtype).requireGrad(),
        learningRateScale: name == "large" ? 2 : 1)
    }
  }

  /// Steps towards a target, with noise, as training has it.
  private func train(
    _ parameters: [TrainableParameter], _ optimizer: any ParameterOptimizer, _ steps: ClosedRange<Int>
  ) throws {
    for step in steps {
      let generator = try Generator(seed: UInt64(step))
      for parameter in parameters {
        let noise = try Tensor.randn(parameter.tensor.shape, generator: generator) * 0.3
        let gradient = try parameter.tensor.detached().to(dtype: .float32) - 0.5 + noise
        try parameter.tensor.setGrad(gradient.to(dtype: parameter.tensor.dtype))
      }
      try optimizer.update(step: step, rate: 0.005)
    }
  }

  @Test(arguments: [DType.float32, .bfloat16])
  func theTrajectoryStaysNearAdamWs(dtype: DType) throws {
    let (exact, close, start) = (try parameters(dtype), try parameters(dtype), try parameters(dtype))
    try train(exact, OptimizerKind.adamW.make(exact, options: options(.adamW), device: .cpu), 1...100)
    let optimizer = try OptimizerKind.adamW8bit.make(close, options: options(.adamW8bit), device: .cpu)
    try train(close, optimizer, 1...100)
    let moved = try (exact[0].tensor.detached() - start[0].tensor.detached()).to(dtype: .float32)
    let other = try (close[0].tensor.detached() - start[0].tensor.detached()).to(dtype: .float32)
    let error = try other.relativeError(to: moved)
    #expect(error < 0.05 && error > 0)
    // Small tensors are updated exactly as by AdamW.
    #expect(try close[1].tensor.isIdentical(to: exact[1].tensor))
  }

  @Test func theFirstUpdateIsAdamWs() throws {
    let (exact, close) = (try parameters(), try parameters())
    try train(exact, OptimizerKind.adamW.make(exact, options: options(.adamW), device: .cpu), 1...1)
    try train(close, OptimizerKind.adamW8bit.make(close, options: options(.adamW8bit), device: .cpu), 1...1)
    #expect(try close[0].tensor.detached().relativeError(to: exact[0].tensor.detached()) < 1e-6)
  }

  @Test func theMeansTakeAQuarterOfTheMemory() throws {
    let parameters = try Array(parameters().prefix(1))
    func bytes(_ kind: OptimizerKind) throws -> Int {
      try kind.make(parameters, options: options(kind), device: .cpu).state.filter {
        $0.key.hasPrefix("exp_avg")
      }.reduce(0) { $0 + $1.value.count * $1.value.dtype.byteSize }
    }
    let share = Double(try bytes(.adamW8bit)) / Double(try bytes(.adamW))
    #expect(share > 0.25 && share < 0.26)
  }

  @Test(arguments: [DType.float32, .bfloat16])
  func aRestoredStateGoesOnWithTheSameBits(dtype: DType) throws {
    let whole = try parameters(dtype)
    let optimizer = try OptimizerKind.adamW8bit.make(whole, options: options(.adamW8bit), device: .cpu)
    try train(whole, optimizer, 1...3)
    let saved = try optimizer.state.mapValues { try $0.detached().clone() }
    try train(whole, optimizer, 4...6)
    let later = try parameters(dtype)
    let restored = try OptimizerKind.adamW8bit.make(later, options: options(.adamW8bit), device: .cpu)
    try restored.restore(saved)
    try train(later, restored, 4...6)
    for (one, other) in zip(whole, later) { #expect(try one.tensor.isIdentical(to: other.tensor)) }
    for (name, tensor) in optimizer.state {
      #expect(try tensor.isIdentical(to: #require(restored.state[name])), "\(name)")
    }
  }

  /// The values that bitsandbytes' `create_dynamic_map` lists.
  @Test(arguments: [true, false])
  func theMapIsTheReferences(signed: Bool) throws {
    let table = DynamicMap.table(signed: signed)
    #expect(table.count == 256 && Set(table).count == 256 && table == table.sorted())
    #expect(table.last == 1 && table.contains(0))
    let smallest = try #require(table.first { $0 > 0 })
    #expect(abs(smallest - (signed ? 5.5e-7 : 3.25e-7)) < 1e-9)
    #expect(abs((table.first ?? 0) - (signed ? -0.99296875 : 0)) < 1e-6)
    #expect(abs(table[254] - (signed ? 0.99296875 : 0.996484375)) < 1e-6)
  }

  @Test func numbersComeBackAsTheNearestValues() throws {
    let map = try DynamicMap(signed: true, device: .cpu)
    let numbers = try Tensor.randn([700], generator: Generator(seed: 8)) * 3
    let (codes, scales) = (try Tensor.zeros([700], dtype: .uint8), try Tensor.zeros([3]))
    try map.write(numbers, codes, scales)
    let (found, right) = (
      try map.read(codes, scales).array(of: Float.self), try numbers.array(of: Float.self)
    )
    let table = DynamicMap.table(signed: true)
    for start in stride(from: 0, to: 700, by: DynamicMap.blockSize) {
      let block = start..<min(start + DynamicMap.blockSize, 700)
      let scale = right[block].map(abs).max() ?? 0
      for index in block {
        let nearest = table.map { abs($0 * scale - right[index]) }.min() ?? 0
        #expect(abs(found[index] - right[index]) <= nearest + 1e-5)
      }
    }
    try map.write(Tensor.zeros([700]), codes, scales)
    #expect(try map.read(codes, scales).isIdentical(to: .zeros([700])))
  }
}
