/// Which examples each forward pass of a run takes: a function of the options, the lengths and the seed alone.
///
/// Without shuffling, pass `m` takes rows `m*B ... m*B+B-1`, modulo the number of rows. With it, every epoch has an
/// order of its own, on request with rows of similar length side by side, and ends with a smaller batch if it must.
/// Nothing is computed for padding, so that grouping saves little, and batches of one length learn worse.
/// Nothing depends on passes before, so a run can be taken up anywhere.
public struct BatchPlan: Sendable {
  /// The examples in each row of a batch: one, or several when packing.
  public typealias Rows = [[Int]]

  /// Optimizer steps of the whole run.
  public let totalSteps: Int
  /// Rows of an epoch: examples, or packed rows.
  public let rowCount: Int
  public let batchSize: Int
  public let gradientAccumulation: Int

  private let order: Order
  private let lengths: [Int]
  /// Tokens that a packed row holds; nil without packing.
  private let capacity: Int?
  private let seed: UInt64

  enum Order { case asGiven, shuffled, byLength }

  /// - Parameters:
  ///   - lengths: tokens of every example.
  ///   - capacity: tokens of a packed row.
  /// - Throws: ``TrainingError`` when there are no examples, or one is longer than a packed row.
  public init(lengths: [Int], capacity: Int, options: TrainingOptions) throws {
    guard !lengths.isEmpty else {
      throw TrainingError(.data, "no rows to train on: the data is empty")
    }
    if options.packing, let longest = lengths.max(), longest > capacity {
      throw TrainingError(
        .data, "a row of \(longest) tokens does not fit into packed rows of \(capacity): raise max_length")
    }
    self.lengths = lengths
    // More room than there are tokens changes nothing.
    self.capacity = options.packing ? min(capacity, lengths.reduce(0, +)) : nil
    (batchSize, gradientAccumulation) = (options.batchSize, options.gradientAccumulation)
    seed = UInt64(clamping: options.seed)
    // Pictures have no length: to sort them would put those of a class side by side.
    let isGrouped = options.groupByLength && !options.packing && lengths.contains { $0 > 0 }
    order = !options.shuffle ? .asGiven : isGrouped ? .byLength : .shuffled
    let rows = BatchPlan.rows(
      epoch: 0, lengths: lengths, capacity: self.capacity, order: order, batchSize: batchSize, seed: seed)
    rowCount = rows.count
    let epochs = options.epochs ?? TrainingOptions.defaultEpochs
    let passes =
      order == .asGiven
      ? epochs * Double(rowCount) / Double(batchSize)
      : epochs * Double((rowCount + batchSize - 1) / batchSize)
    let planned = (passes / Double(gradientAccumulation)).rounded(.up)
    guard let steps = options.steps ?? Int(exactly: planned) else {
      throw TrainingError(.data, "\(epochs) epochs are more steps than can be counted: lower epochs")
    }
    totalSteps = max(1, steps)
  }

  /// Forward passes in an epoch; the last may be smaller.
  public var passesPerEpoch: Int { (rowCount + batchSize - 1) / batchSize }

  /// The passes through the data after `steps` optimizer steps.
  public func epochs(after steps: Int) -> Double {
    let passes = Double(steps) * Double(gradientAccumulation)
    return order == .asGiven
      ? passes * Double(batchSize) / Double(rowCount) : passes / Double(passesPerEpoch)
  }

  /// Every epoch's rows in the order in which batches take them.
  private static func rows(
    epoch: Int, lengths: [Int], capacity: Int?, order: Order, batchSize: Int, seed: UInt64
  ) -> Rows {
    var examples = Array(lengths.indices)
    var random = SplitMix64(seed: seed &* 0x1_0000_0001 &+ UInt64(clamping: epoch))
    if order != .asGiven { examples.shuffle(using: &random) }
    if let capacity {
      guard order != .asGiven else {
        return SequencePacking.inOrder(examples, lengths: lengths, capacity: capacity)
      }
      var rows = SequencePacking.bestFit(examples, lengths: lengths, capacity: capacity)
      rows.shuffle(using: &random)
      return rows
    }
    if order == .byLength { group(&examples, by: lengths, batchSize: batchSize, using: &random) }
    return examples.map { [$0] }
  }

  /// Sorts stretches of many batches by length, then shuffles the full batches.
  private static func group(
    _ examples: inout [Int], by lengths: [Int], batchSize: Int, using random: inout SplitMix64
  ) {
    let (stretch, overflow) = batchSize.multipliedReportingOverflow(by: 50)
    let window = overflow ? examples.count : stretch
    for start in stride(from: 0, to: examples.count, by: window) {
      let range = start..<min(start + window, examples.count)
      examples[range] = examples[range].sorted { (lengths[$0], $0) < (lengths[$1], $1) }[...]
    }
    let full = examples.count / batchSize
    var batches = Array(0..<full)
    batches.shuffle(using: &random)
    let rest = examples[(full * batchSize)...]
    examples = batches.flatMap { examples[$0 * batchSize..<($0 + 1) * batchSize] } + rest
  }
}

extension BatchPlan {
  /// Reads a plan pass by pass, keeping the epoch that it is in.
  public struct Reader: Sendable {
    public let plan: BatchPlan
    private var epoch: Int
    private var rows: Rows

    public init(_ plan: BatchPlan) {
      self.plan = plan
      epoch = 0
      rows = plan.rows(epoch: 0)
    }

    /// The rows of forward pass `pass`, counted from 0 over the whole run.
    public mutating func rows(pass: Int) -> Rows {
      let size = plan.batchSize
      guard plan.order != .asGiven else {
        let first = pass % rows.count * (size % rows.count) % rows.count
        return (0..<size).map { rows[(first + $0) % rows.count] }
      }
      let (epoch, place) = pass.quotientAndRemainder(dividingBy: plan.passesPerEpoch)
      if epoch != self.epoch { (self.epoch, rows) = (epoch, plan.rows(epoch: epoch)) }
      return Array(rows[place * size..<min((place + 1) * size, rows.count)])
    }

    /// The rows of every forward pass of an optimizer step, counted from 0.
    public mutating func rows(step: Int) -> [Rows] {
      let first = step * plan.gradientAccumulation
      return (first..<first + plan.gradientAccumulation).map { rows(pass: $0) }
    }
  }

  private func rows(epoch: Int) -> Rows {
    BatchPlan.rows(
      epoch: epoch, lengths: lengths, capacity: capacity, order: order, batchSize: batchSize, seed: seed)
  }
}
