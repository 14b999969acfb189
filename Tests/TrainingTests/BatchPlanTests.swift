import Testing

@testable import Training

struct BatchPlanTests {
  private func plan(_ lengths: [Int], capacity: Int = 64, _ edit: (inout TrainingOptions) -> Void) throws
    -> BatchPlan
  {
    var options = TrainingOptions()
    edit(&options)
    return try BatchPlan(lengths: lengths, capacity: capacity, options: options)
  }

  private func order(_ plan: BatchPlan, steps: Range<Int>? = nil) -> [[BatchPlan.Rows]] {
    var reader = BatchPlan.Reader(plan)
    return (steps ?? 0..<plan.totalSteps).map { reader.rows(step: $0) }
  }

  @Test(arguments: [(4, 1), (3, 2), (5, 3), (10, 1), (1, 1)])
  func withoutShufflingRowsFollowEachOther(batchSize: Int, accumulation: Int) throws {
    let rows = 7
    let plan = try plan(Array(repeating: 3, count: rows)) {
      ($0.batchSize, $0.gradientAccumulation, $0.shuffle, $0.steps) = (batchSize, accumulation, false, 9)
    }
    let taken = order(plan).flatMap { $0.flatMap { $0.flatMap(\.self) } }
    #expect(taken == (0..<9 * batchSize * accumulation).map { $0 % rows })
  }

  @Test(arguments: [true, false], [1, 4, 25])
  func everyEpochTakesEveryRowOnceInAnOrderOfItsOwn(byLength: Bool, batchSize: Int) throws {
    let lengths = (0..<23).map { 1 + ($0 * 7) % 13 }
    let plan = try plan(lengths) { ($0.batchSize, $0.groupByLength, $0.epochs) = (batchSize, byLength, 3) }
    #expect(plan.totalSteps == 3 * plan.passesPerEpoch)
    let epochs = (0..<3).map { epoch in
      order(plan, steps: epoch * plan.passesPerEpoch..<(epoch + 1) * plan.passesPerEpoch)
        .flatMap { $0.flatMap { $0.flatMap(\.self) } }
    }
    for epoch in epochs { #expect(epoch.sorted() == Array(0..<23)) }
    if !byLength || batchSize < 23 { #expect(epochs[0] != epochs[1] && epochs[1] != epochs[2]) }
  }

  @Test func similarLengthsShareABatch() throws {
    let lengths = (0..<64).map { 1 + ($0 * 37) % 64 }
    func padding(_ byLength: Bool) throws -> Int {
      let plan = try plan(lengths) { ($0.batchSize, $0.groupByLength, $0.epochs) = (8, byLength, 1) }
      return order(plan).flatMap(\.self).reduce(0) { sum, batch in
        let own = batch.flatMap(\.self).map { lengths[$0] }
        return sum + (own.max() ?? 0) * own.count - own.reduce(0, +)
      }
    }
    #expect(try padding(true) == 8 * 28)
    #expect(try padding(false) > 3 * padding(true))
  }

  @Test(arguments: [true, false], [true, false])
  func aRunCanBeTakenUpAnywhere(shuffle: Bool, packing: Bool) throws {
    let lengths = (0..<31).map { 1 + ($0 * 11) % 17 }
    let plan = try plan(lengths, capacity: 20) {
      ($0.batchSize, $0.gradientAccumulation, $0.shuffle, $0.packing, $0.steps) = (3, 2, shuffle, packing, 40)
    }
    #expect(order(plan, steps: 17..<40) == Array(order(plan)[17...]))
    #expect(order(plan, steps: 39..<40) == Array(order(plan)[39...]))
  }

  @Test func anotherSeedIsAnotherOrder() throws {
    let lengths = Array(repeating: 5, count: 40)
    let (first, second) = (try plan(lengths) { $0.seed = 1 }, try plan(lengths) { $0.seed = 2 })
    #expect(order(first) != order(second))
    #expect(try order(first) == order(plan(lengths) { $0.seed = 1 }))
  }

  @Test(arguments: [true, false])
  func packedRowsHoldEveryExampleOnceWithinCapacity(shuffle: Bool) throws {
    let lengths = (0..<200).map { 1 + ($0 * $0 * 31) % 19 }
    let plan = try plan(lengths, capacity: 32) {
      ($0.batchSize, $0.shuffle, $0.packing, $0.epochs) = (1, shuffle, true, 1)
    }
    let rows = order(plan).flatMap(\.self).flatMap(\.self)
    #expect(rows.flatMap(\.self).sorted() == Array(0..<200))
    for row in rows { #expect(row.reduce(0) { $0 + lengths[$1] } <= 32) }
    if shuffle {
      // Best-fit decreasing fills rows nearly wholly when there are short sequences to fill up with.
      let tokens = lengths.reduce(0, +)
      #expect(rows.count <= tokens / 32 + 2)
    } else {
      #expect(rows.flatMap(\.self) == Array(0..<200))
    }
  }

  @Test func hugeNumbersNeitherTrapNorAllocate() throws {
    let plan = try plan([3, 4], capacity: .max) { ($0.packing, $0.batchSize, $0.steps) = (true, 1000, 3) }
    #expect(order(plan).count == 3)
    #expect(throws: TrainingError.self) { try self.plan([3]) { $0.epochs = 1e300 } }
    #expect(throws: TrainingError.self) { try self.plan([]) { _ in } }
    #expect(throws: TrainingError.self) { try self.plan([65]) { $0.packing = true } }
  }

  @Test(arguments: [(0.5, 5), (1.0, 10), (2.25, 23)])
  func epochsAreRoundedUpToSteps(epochs: Double, steps: Int) throws {
    let plan = try plan(Array(repeating: 1, count: 20)) {
      ($0.batchSize, $0.epochs, $0.shuffle) = (2, epochs, false)
    }
    #expect(plan.totalSteps == steps)
  }
}
