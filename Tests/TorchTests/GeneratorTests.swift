import Testing

@testable import Torch

struct GeneratorTests {
  @Test func generatorsDoNotDisturbEachOther() throws {
    let first = try Tensor.randn([4], generator: Generator(seed: 7)).array(of: Float.self)
    let other = try Generator(seed: 8)
    _ = try Tensor.randn([4], generator: other)
    _ = try Tensor.randn([4])
    #expect(try Tensor.randn([4], generator: Generator(seed: 7)).array(of: Float.self) == first)
  }

  @Test func aSavedStateGoesOnWhereItWas() throws {
    let generator = try Generator(seed: 5)
    _ = try Tensor.rand([3], generator: generator)
    let state = try generator.state()
    let next = try Tensor.rand([3], generator: generator).array(of: Float.self)
    let restored = try Generator(seed: 99)
    try restored.restore(state)
    #expect(try Tensor.rand([3], generator: restored).array(of: Float.self) == next)
    #expect(throws: TorchError.self) { try restored.restore(.zeros([3])) }
  }
}
