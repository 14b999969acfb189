import Testing
import Torch

/// Memory of large tensors, which have an allocator of their own on Linux.
struct LargeTensorMemoryTests {
  /// Tensors of many sizes come and go in an order of chance; each must keep what was written into it.
  @Test(arguments: [1, 2, 3])
  func noTensorReachesIntoAnother(seed: UInt64) throws {
    var dice = SplitMix(state: seed)
    var live: [(tensor: Tensor, value: Double)] = []
    for round in 0..<600 {
      if live.count > 24 || (!live.isEmpty && dice.next() % 3 == 0) {
        let (tensor, value) = live.remove(at: Int(dice.next() % UInt64(live.count)))
        #expect(try tensor.min().item() == value)
        #expect(try tensor.max().item() == value)
      } else {
        // From a kilobyte to two megabytes, around the border between the allocators too.
        let count = [300, 16_383, 16_384, 16_385, 20_000, 100_001, 500_000][Int(dice.next() % 7)]
        let value = Double(round)
        live.append((try .full([count + Int(dice.next() % 64)], value), value))
      }
    }
    for (tensor, value) in live { #expect(try tensor.min().item() == value && tensor.max().item() == value) }
  }

  @Test func threadsShareIt() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<8 {
        group.addTask {
          for round in 0..<100 {
            let value = Double(worker * 1000 + round)
            let tensor = try Tensor.full([20_000 + 1000 * (round % 9)], value)
            #expect(try tensor.min().item() == value && tensor.max().item() == value)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func moreThanThereIsIsAnError() {
    #expect(throws: (any Error).self) { try Tensor.empty([1 << 46]) }
  }
}

/// Numbers of chance that are the same in every run.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
