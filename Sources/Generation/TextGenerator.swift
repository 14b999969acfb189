import Models
import NN
import Tokenizers
import Torch

/// Continues texts with a causal language model and its cache of keys and values.
///
/// ```swift
/// let generator = try TextGenerator(model, tokenizer: tokenizer)
/// var options = SamplingOptions()
/// options.temperature = 0.8
/// let completion = try generator.generate("Once upon a time", options) { print($0.text, terminator: "") }
/// ```
public struct TextGenerator {
  private let model: any CausalLanguageModel
  private let tokenizer: Tokenizer?
  /// The tokens that end a text.
  public let endIDs: [Int]

  /// - Parameter tokenizer: needed for text and stop texts; nil for token ids alone.
  /// - Throws: `ModelError` when the model's end tokens make no sense.
  public init(_ model: any CausalLanguageModel, tokenizer: Tokenizer? = nil) throws {
    (self.model, self.tokenizer) = (model, tokenizer)
    let ids = try model.configuration.endOfTextIDs
    endIDs = ids.isEmpty ? [tokenizer?.specialTokens.eosTokenID].compactMap(\.self) : ids
  }

  /// Continues one text.
  public func generate(
    _ prompt: String, _ options: SamplingOptions, onEvent: (GenerationEvent) throws -> Void = { _ in }
  ) throws -> Completion {
    guard let tokenizer else {
      throw ModelError("a prompt in text, without a tokenizer: give token ids instead")
    }
    let ids = try tokenizer.encode(prompt).ids
    return try generate([ids], options, onEvent: onEvent).first ?? Completion()
  }

  /// Continues several texts together; each gets what it would get alone. Adapters by row (`RowAdapters`) are by prompt.
  ///
  /// - Parameter onEvent: told of every token; what it throws ends everything.
  /// - Throws: `ConfigurationError` for options out of range, `ModelError` for a prompt that is empty or too long.
  public func generate(
    _ prompts: [[Int]], _ options: SamplingOptions, onEvent: (GenerationEvent) throws -> Void = { _ in }
  ) throws -> [Completion] {
    try check(prompts, options)
    let mode = model.store.mode
    let wasTraining = mode.isTraining
    mode.isTraining = false
    let rows = mode.rowAdapters
    defer {
      mode.isTraining = wasTraining
      mode.rowAdapters = rows
    }
    return try withoutGradients {
      var running = try prompts.enumerated().map { index, prompt in
        let generator = try Generator(seed: UInt64(bitPattern: Int64(options.seed)) &+ UInt64(index))
        return try RunningText(
          index, prompt: prompt, sampler: Sampler(options, generator: generator), options: options,
          tokenizer: tokenizer)
      }
      var completions = Array(repeating: Completion(), count: prompts.count)
      let cache = model.makeCache()
      while !running.isEmpty {
        mode.rowAdapters = rows?.selecting(running.map(\.index))
        let logits = try nextLogits(running, cache)
        for row in running.indices {
          let event = try running[row].advance(
            logits.select(0, row), options: options, endIDs: endIDs, contextLength: model.contextLength)
          try onEvent(event)
          completions[running[row].index] = running[row].completion
        }
        try drop(&running, cache)
      }
      return completions
    }
  }

  /// The logits [rows, vocabulary] of what follows each text: of all its tokens at first, then of its last one.
  private func nextLogits(_ running: [RunningText], _ cache: KeyValueCache) throws -> Tensor {
    let device = model.store.device
    let input =
      try cache.length == 0
      ? ModelInput(leftPadded: running.map(\.ids), device: device)
      : ModelInput(
        ids: Tensor(running.map { $0.ids.last ?? 0 }, shape: [running.count, 1]).to(device: device),
        positions: Tensor(running.map { $0.ids.count - 1 }, shape: [running.count, 1]).to(device: device))
    let hidden = try model.hiddenStates(input, cache: cache)
    return try model.head(hidden.select(1, hidden.shape[1] - 1))
  }

  /// Takes finished texts out of the batch.
  private func drop(_ running: inout [RunningText], _ cache: KeyValueCache) throws {
    let kept = running.indices.filter { !running[$0].isFinished }
    guard kept.count < running.count else { return }
    running = kept.map { running[$0] }
    if !kept.isEmpty { try cache.select(rows: Tensor(kept).to(device: model.store.device)) }
  }

  private func check(_ prompts: [[Int]], _ options: SamplingOptions) throws {
    try options.validate()
    guard options.stop.isEmpty || tokenizer != nil else {
      throw ModelError("stop texts, without a tokenizer: give one, or stop at token ids")
    }
    for (index, prompt) in prompts.enumerated() {
      guard !prompt.isEmpty else {
        throw ModelError("prompt \(index + 1) has no tokens: begin with the token that begins a text")
      }
      guard prompt.count < model.contextLength else {
        throw ModelError(
          "prompt \(index + 1) has \(prompt.count) tokens, the model's context \(model.contextLength): "
            + "shorten the prompt")
      }
    }
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
}
