import Torch

/// A function with a gradient of its own beside the composition of operations that it stands for.
struct Race {
  let name: String
  let inputs: [Tensor]
  let fused: ([Tensor]) throws -> [Tensor]
  let composed: ([Tensor]) throws -> [Tensor]

  /// The median milliseconds of a forward and backward pass of either.
  func run(repeats: Int = 15) throws -> (fused: Double, composed: Double) {
    var (fast, plain): ([Double], [Double]) = ([], [])
    // In turns, so that what else the machine does meets both.
    for round in 0...repeats {
      let (first, second) = (try milliseconds(fused), try milliseconds(composed))
      guard round > 0 else { continue }
      fast.append(first)
      plain.append(second)
    }
    return (fast.sorted()[repeats / 2], plain.sorted()[repeats / 2])
  }

  private func milliseconds(_ body: ([Tensor]) throws -> [Tensor]) throws -> Double {
    let leaves = try inputs.map { try $0.dtype.isFloatingPoint ? $0.detached().requireGrad() : $0 }
    let start = ContinuousClock.now
    let outputs = try body(leaves)
    let sums = try outputs.map { try $0.sum() }
    try sums.dropFirst().reduce(sums[0]) { try $0 + $1 }.backward()
    return (ContinuousClock.now - start) / .milliseconds(1)
  }
}
