import Testing

@testable import Torch

struct AutogradTests {
  @Test func gradientsAddUpInLeaves() throws {
    let x = try Tensor([1, 2, 3] as [Float]).requireGrad()
    try (x * x).sum().backward()
    try (x * 3).sum().backward()
    #expect(try #require(x.grad).array(of: Float.self) == [5, 7, 9])
    try x.setGrad(nil)
    #expect(x.grad == nil)
  }

  @Test func nothingIsRecordedWithoutGradients() throws {
    let x = try Tensor([1] as [Float]).requireGrad()
    #expect(try !withoutGradients { try x * 2 }.requiresGrad)
    #expect(try withoutGradients { try withGradients { try x * 2 } }.requiresGrad)
    #expect(throws: TorchError.self) { try withoutGradients { try x * 2 }.backward() }
  }

  @Test func unusedInputsHaveNoGradient() throws {
    let (x, y) = (try Tensor([2] as [Float]).requireGrad(), try Tensor([3] as [Float]).requireGrad())
    let found = try gradients(of: [x * x], withRespectTo: [x, y])
    #expect(try found[0]?.item() == 4)
    #expect(found[1] == nil)
  }

  @Test(arguments: [DType.float32, .float64, .bfloat16])
  func aCustomGradientReplacesTheOperations(dtype: DType) throws {
    func square(_ x: Tensor) throws -> Tensor {
      let y = try withoutGradients { try x * x }
      return try attachGradient(to: y, inputs: [x], saving: [x]) { [try $0 * $1[0] * 2] }
    }
    let x = try Tensor([1, -2, 3] as [Double]).to(dtype: dtype).requireGrad()
    try (square(square(x)) * 2).sum().backward()
    #expect(try #require(x.grad).to(dtype: .float64).array() == [8, -64, 216])
  }

  @Test func errorsInAPullbackReachTheCaller() throws {
    struct Broken: Error, CustomStringConvertible { let description = "the pullback broke" }
    let x = try Tensor([1] as [Float]).requireGrad()
    let y = try attachGradient(to: x.detached().clone(), inputs: [x]) { _, _ in throw Broken() }
    let error = try #require(throws: TorchError.self) { try y.sum().backward() }
    #expect(error.message.contains("the pullback broke"))
    let z = try attachGradient(to: x.detached().clone(), inputs: [x]) { _, _ in [] }
    #expect(throws: TorchError.self) { try z.sum().backward() }
  }

  @Test func whatAPullbackHoldsIsFreedWithTheGraph() throws {
    final class Held {}
    weak var held: Held?
    let x = try Tensor([1] as [Float]).requireGrad()
    do {
      let object = Held()
      held = object
      let y = try attachGradient(to: x.detached().clone(), inputs: [x]) { gradient, _ in
        withExtendedLifetime(object) { [gradient] }
      }
      try y.sum().backward()
    }
    #expect(held == nil)
  }

  @Test func checkpointingChangesNeitherValuesNorGradients() throws {
    func run(checkpoint: Bool) throws -> [[Float]] {
      try Generator.seedAll(3)
      let x = try Tensor.randn([4, 8]).requireGrad()
      let weight = try Tensor.randn([8, 8]).requireGrad()
      let unused = try Tensor.randn([2]).requireGrad()
      let block = { (inputs: [Tensor]) in [try inputs[0].linear(weight).tanh().dropout(0.5)] }
      let once = try checkpoint ? checkpointed([x], parameters: [weight, unused], block) : block([x])
      let twice = try checkpoint ? checkpointed(once, parameters: [weight, unused], block) : block(once)
      try twice[0].square().sum().backward()
      #expect(unused.grad == nil)
      return try [twice[0], #require(x.grad), #require(weight.grad), .rand([3])].map {
        try $0.array(of: Float.self)
      }
    }
    #expect(try run(checkpoint: false) == run(checkpoint: true))
  }
}
