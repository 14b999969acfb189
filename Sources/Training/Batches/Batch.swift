import Torch

/// Examples side by side as tensors, padded on the right, on the model's device.
public struct Batch: Sendable {
  /// int64 [batch, tokens].
  public let ids: Tensor
  /// Which tokens are real, bool [batch, tokens]; nil when all are, or ``segments`` says it.
  public let attentionMask: Tensor?
  /// int64 [batch, tokens]; nil for 0, 1, 2, ...
  public let positions: Tensor?
  /// The example within its row that each token belongs to, int64 [batch, tokens] (-1 for padding); nil when every
  /// row is one example.
  public let segments: Tensor?
  /// int64 [batch, tokens], for models with segment embeddings.
  public let typeIDs: Tensor?
  /// float32 [batch, channels, height, width], for models that look at pictures.
  public let pixels: Tensor?
  /// int64 [batch, tokens] with -100 where nothing counts (those of the text that answers, where rows have one), int64
  /// [batch] classes, int64 [batch, 2] ends of answers, or float32 [batch, outputs].
  public let labels: Tensor
  /// Tokens that are not padding; pictures, where rows have those.
  public let tokenCount: Int
  /// What a mean over the batch is taken of: tokens whose label counts, rows, or numbers.
  public let targetCount: Int
  /// The rows' places in the data, for messages.
  public let origins: [String]
  /// The adapter that each example asks for; nil for those that are active.
  public let adapters: [String?]

  /// - Parameters:
  ///   - rows: the examples of each row; several in one do not see each other.
  ///   - objective: what counts as a target.
  ///   - padding: the id of padding tokens.
  /// - Throws: ``TrainingError`` when the targets do not fit the objective or each other.
  public init(
    _ rows: [[TokenizedExample]], objective: Objective, padding: Int = 0, device: Device = .cpu
  ) throws {
    let width = rows.map { $0.reduce(0) { $0 + $1.ids.count } }.max() ?? 0
    let isPacked = rows.contains { $0.count > 1 }
    var grid = TokenGrid(
      rows: rows.count, width: width, padding: Int64(padding), skipsFirst: objective == .nextToken)
    for (index, row) in rows.enumerated() { grid.fill(index, with: row) }
    let shape = [rows.count, width]
    func tensor(_ values: [Int64]) throws -> Tensor { try Tensor(values, shape: shape).to(device: device) }
    ids = try tensor(grid.ids)
    tokenCount = rows.reduce(0) { $0 + $1.reduce(0) { $0 + $1.tokenCount } }
    attentionMask =
      isPacked || grid.tokenCount == rows.count * width
      ? nil : try Tensor(grid.isReal, shape: shape).to(device: device)
    positions = try isPacked ? tensor(grid.positions) : nil
    segments = try isPacked ? tensor(grid.segments) : nil
    typeIDs = try rows.contains { $0.contains { $0.typeIDs != nil } } ? tensor(grid.typeIDs) : nil
    origins = rows.flatMap { $0.map(\.origin) }
    adapters = rows.flatMap { $0.map(\.adapter) }
    pixels = try ExamplePicture.batch(rows.flatMap(\.self))?.to(device: device)
    let targets = try Targets(rows.flatMap(\.self), grid: grid, objective: objective)
    labels = try targets.labels.to(device: device)
    targetCount = targets.count
  }
}

/// The integers of a batch, row by row.
private struct TokenGrid {
  let width: Int
  var ids, labels, positions, segments, typeIDs: [Int64]
  var isReal: [Bool]
  var tokenCount = 0
  /// Labels that do not count stand for everything that is not set.
  let rows: Int
  /// Whether the first token of an example does not count where nothing before tells it.
  let skipsFirst: Bool

  init(rows: Int, width: Int, padding: Int64, skipsFirst: Bool) {
    let count = rows * width
    (self.rows, self.width, self.skipsFirst) = (rows, width, skipsFirst)
    ids = Array(repeating: padding, count: count)
    labels = Array(repeating: Int64(TokenizedExample.ignoredLabel), count: count)
    positions = Array(repeating: 0, count: count)
    segments = Array(repeating: -1, count: count)
    typeIDs = Array(repeating: 0, count: count)
    isReal = Array(repeating: false, count: count)
  }

  mutating func fill(_ row: Int, with examples: [TokenizedExample]) {
    var place = row * width
    for (segment, example) in examples.enumerated() {
      for (position, id) in example.ids.enumerated() {
        ids[place + position] = Int64(id)
        positions[place + position] = Int64(position)
        segments[place + position] = Int64(segment)
        isReal[place + position] = true
      }
      if case .tokens(let own) = example.target {
        let start = skipsFirst && !example.isLed ? 1 : 0
        for (position, label) in own.enumerated() where (start..<example.ids.count).contains(position) {
          labels[place + position] = Int64(label)
        }
      }
      for (position, type) in (example.typeIDs ?? []).enumerated() where position < example.ids.count {
        typeIDs[place + position] = Int64(type)
      }
      place += example.ids.count
      tokenCount += example.ids.count
    }
  }
}

/// The labels of a batch as its objective wants them.
private struct Targets {
  let labels: Tensor
  let count: Int

  init(_ examples: [TokenizedExample], grid: TokenGrid, objective: Objective) throws {
    func misfit(_ example: TokenizedExample) -> TrainingError {
      TrainingError(.data, "a target that is none for \(objective), \(example.origin): choose another task")
    }
    switch objective {
    case .nextToken, .tokenLabels, .maskedToken:
      for example in examples {
        guard case .tokens = example.target else { throw misfit(example) }
      }
      let labels = grid.labels
      count = labels.reduce(0) { $0 + ($1 == Int64(TokenizedExample.ignoredLabel) ? 0 : 1) }
      self.labels = try Tensor(labels, shape: [grid.rows, grid.width])
    case .sequence:
      let answers = try examples.map { example in
        guard case .text(let answer) = example.target, !answer.isEmpty else { throw misfit(example) }
        return answer.map(Int64.init)
      }
      let width = answers.map(\.count).max() ?? 0
      let filler = Int64(TokenizedExample.ignoredLabel)
      let all = answers.flatMap { $0 + Array(repeating: filler, count: width - $0.count) }
      count = all.count { $0 != filler }
      labels = try Tensor(all, shape: [answers.count, width])
    case .category:
      let classes = try examples.map { example in
        guard case .category(let number) = example.target else { throw misfit(example) }
        return Int64(number)
      }
      count = classes.count
      labels = try Tensor(classes)
    case .answer:
      let ends = try examples.flatMap { example in
        guard case .span(let first, let last) = example.target else { throw misfit(example) }
        return [Int64(first), Int64(last)]
      }
      count = examples.count
      labels = try Tensor(ends, shape: [examples.count, 2])
    case .regression, .multiLabel:
      let size =
        examples.first.flatMap { if case .scores(let own) = $0.target { own.count } else { nil } } ?? 0
      let scores = try examples.map { example in
        guard case .scores(let own) = example.target, own.count == size else { throw misfit(example) }
        return own
      }
      count = examples.count * size
      labels = try Tensor(scores.flatMap(\.self), shape: [examples.count, size])
    }
  }
}
