import Testing
import Torch

@testable import NN

struct KeyValueCacheTests {
  @Test func tokensAddUpAcrossGrowingMemory() throws {
    let random = try Generator(seed: 1)
    let cache = KeyValueCache(layers: 2)
    var (keys, values): ([Tensor], [Tensor]) = ([], [])
    for count in [5, 1, 1, 70, 1, 300] {
      keys.append(try .randn([2, 3, count, 4], generator: random))
      values.append(try .randn([2, 3, count, 4], generator: random))
      for layer in 0..<2 {
        let (key, value) = try cache.extend(layer, key: keys[keys.count - 1], value: values[values.count - 1])
        #expect(try key.isIdentical(to: .cat(keys, dim: 2)))
        #expect(try value.isIdentical(to: .cat(values, dim: 2)))
      }
    }
    #expect(cache.length == 378)
    let (tail, _) = try cache.extend(0, key: keys[1], value: values[1], from: 377)
    #expect(tail.shape == [2, 3, 2, 4])
    #expect(throws: TorchError.self) { try cache.extend(2, key: keys[0], value: values[0]) }
  }

  @Test func rowsCanBeDroppedAndReordered() throws {
    let cache = KeyValueCache(layers: 1)
    let key = try Tensor.arange(0, 3, dtype: .float32).reshaped([3, 1, 1, 1])
    _ = try cache.extendMask(Tensor([true, false, true], shape: [3, 1]), batch: 3, count: 1, device: .cpu)
    _ = try cache.extend(0, key: key, value: key)
    try cache.select(rows: Tensor([2, 0]))
    let new = try Tensor([Float(7), 8], shape: [2, 1, 1, 1])
    _ = try cache.extendMask(nil, batch: 2, count: 1, device: .cpu)
    #expect(try cache.extend(0, key: new, value: new).0.array() == [2, 7, 0, 8] as [Float])
    #expect(try #require(cache.realTokens).array() == [true, true, true, true])
  }

  @Test func learnedTokensStandInFrontAndGetGradients() throws {
    let prefix = try Tensor.ones([1, 1, 2, 2]).requireGrad()
    let cache = KeyValueCache(prefix: [(prefix, prefix)])
    #expect(cache.length == 2)
    let new = try Tensor.full([1, 1, 1, 2], 3)
    let (key, _) = try cache.extend(0, key: new, value: new)
    #expect(key.shape == [1, 1, 3, 2])
    try (key * key).sum().backward()
    #expect(try #require(prefix.grad).array() == [2, 2, 2, 2] as [Float])
    // Without gradients the learned tensors themselves must not be written to.
    let plain = KeyValueCache(prefix: [(prefix, prefix)])
    try withoutGradients { _ = try plain.extend(0, key: new, value: new) }
    #expect(try prefix.array() == [1, 1, 1, 1] as [Float])
  }
}
