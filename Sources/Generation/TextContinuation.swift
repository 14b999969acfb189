import Models
import NN
import Torch

/// Texts that a model writes side by side: what may follow each, and which of them go on.
protocol TextContinuation: AnyObject {
  /// The logits [texts, vocabulary] of what follows each text: of all its tokens at first, then of its last one.
  func logits(after texts: [[Int]]) throws -> Tensor
  /// Keeps the given texts, in the given order; some may be there several times.
  ///
  /// - Parameter sameSources: whether each place still answers the source that it did.
  func select(_ rows: [Int], sameSources: Bool) throws
}

/// Texts of a causal language model, with its cache of keys and values.
final class CausalContinuation: TextContinuation {
  private let model: any CausalLanguageModel
  private let cache: KeyValueCache

  init(_ model: any CausalLanguageModel) { (self.model, cache) = (model, model.makeCache()) }

  func logits(after texts: [[Int]]) throws -> Tensor {
    let device = model.store.device
    let input =
      try cache.length == 0
      ? ModelInput(leftPadded: texts, device: device)
      : ModelInput(
        ids: Tensor(texts.map { $0.last ?? 0 }, shape: [texts.count, 1]).to(device: device),
        positions: Tensor(texts.map { $0.count - 1 }, shape: [texts.count, 1]).to(device: device))
    let hidden = try model.hiddenStates(input, cache: cache)
    return try model.head(hidden.select(1, hidden.shape[1] - 1))
  }

  func select(_ rows: [Int], sameSources: Bool) throws {
    try cache.select(rows: Tensor(rows).to(device: model.store.device))
  }
}

/// Texts that an encoder-decoder writes in answer to others, which are read once.
final class AnswerContinuation: TextContinuation {
  private let model: any SequenceToSequenceModel
  private let cache: EncoderDecoderCache
  private var source: EncodedText

  /// - Parameter sources: the tokens of each text to answer.
  init(_ model: any SequenceToSequenceModel, sources: [[Int]]) throws {
    (self.model, cache) = (model, model.makeCache())
    source = try model.encode(ModelInput(rightPadded: sources, device: model.store.device))
  }

  func logits(after texts: [[Int]]) throws -> Tensor {
    // Every text begins at once, so they are of one length.
    let seen = cache.own.ids?.shape[1] ?? 0
    let rest = texts.map { Array($0.dropFirst(seen)) }
    let ids = try Tensor(rest.flatMap(\.self), shape: [texts.count, rest.first?.count ?? 0])
    let hidden = try model.hiddenStates(
      ids.to(device: model.store.device), reading: source, cache: cache)
    return try model.head(hidden.select(1, hidden.shape[1] - 1))
  }

  func select(_ rows: [Int], sameSources: Bool) throws {
    let rows = try Tensor(rows).to(device: model.store.device)
    try cache.select(rows: rows, source: !sameSources)
    if !sameSources { source = try source.selecting(rows: rows) }
  }
}

extension ModelInput {
  /// Texts of any lengths, with padding in front and positions that do not count it.
  public init(leftPadded texts: [[Int]], device: Device = .cpu) throws {
    let width = texts.map(\.count).max() ?? 0
    func table<Value: TensorScalar>(_ rows: [[Value]]) throws -> Tensor {
      try Tensor(rows.flatMap(\.self), shape: [texts.count, width]).to(device: device)
    }
    let gaps = texts.map { width - $0.count }
    self.init(ids: try table(zip(texts, gaps).map { Array(repeating: 0, count: $1) + $0 }))
    guard gaps.contains(where: { $0 > 0 }) else { return }
    attentionMask = try table(gaps.map { gap in (0..<width).map { $0 >= gap } })
    positions = try table(gaps.map { gap in (0..<width).map { max(0, $0 - gap) } })
  }

  /// Texts of any lengths, with padding behind.
  init(rightPadded texts: [[Int]], device: Device = .cpu) throws {
    let width = texts.map(\.count).max() ?? 0
    let ids = texts.flatMap { $0 + Array(repeating: 0, count: width - $0.count) }
    self.init(ids: try Tensor(ids, shape: [texts.count, width]).to(device: device))
    guard texts.contains(where: { $0.count < width }) else { return }
    let isReal = texts.flatMap { text in (0..<width).map { $0 < text.count } }
    attentionMask = try Tensor(isReal, shape: [texts.count, width]).to(device: device)
  }
}
