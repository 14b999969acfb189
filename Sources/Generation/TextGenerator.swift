import Models
import NN
import Tokenizers
import Torch

/// Writes texts: continues them with a causal language model, or answers them with an encoder-decoder.
///
/// ```swift
/// let generator = try TextGenerator(model, tokenizer: tokenizer)
/// var options = SamplingOptions()
/// options.temperature = 0.8
/// let completion = try generator.generate("Once upon a time", options) { print($0.text, terminator: "") }
/// ```
public struct TextGenerator {
  private let model: any Model
  private let tokenizer: Tokenizer?
  private let forced: ForcedTokens
  /// The tokens that end a text.
  public let endIDs: [Int]

  /// - Parameter tokenizer: needed for text and stop texts; nil for token ids alone.
  /// - Throws: `ModelError` when the model writes no text, or its end tokens make no sense.
  public init(_ model: any Model, tokenizer: Tokenizer? = nil) throws {
    guard model is any CausalLanguageModel || model is any SequenceToSequenceModel else {
      throw ModelError(
        "a model for \(model.task.rawValue), which writes no text: choose a language model, or another --task"
      )
    }
    (self.model, self.tokenizer) = (model, tokenizer)
    forced = try model is any SequenceToSequenceModel ? ForcedTokens(model.configuration) : ForcedTokens()
    let ids = try model.configuration.endOfTextIDs
    endIDs = ids.isEmpty ? [tokenizer?.specialTokens.eosTokenID].compactMap(\.self) : ids
  }

  /// Continues or answers one text.
  public func generate(
    _ prompt: String, _ options: SamplingOptions, onEvent: (GenerationEvent) throws -> Void = { _ in }
  ) throws -> Completion {
    guard let tokenizer else {
      throw ModelError("a prompt in text, without a tokenizer: give token ids instead")
    }
    let ids = try tokenizer.encode(prompt).ids
    return try generate([ids], options, onEvent: onEvent).first ?? Completion()
  }

  /// Continues or answers several texts together; each gets what it would get alone. Adapters by row (`RowAdapters`) are
  /// by prompt.
  ///
  /// - Parameter onEvent: told of every token; what it throws ends everything. Of beams, once the best one is known.
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
      let running = try beginnings(prompts).enumerated().map { index, prompt in
        let generator = try Generator(seed: UInt64(bitPattern: Int64(options.seed)) &+ UInt64(index))
        return try RunningText(
          index, prompt: prompt, sampler: Sampler(options, generator: generator), options: options,
          tokenizer: tokenizer)
      }
      let continuation = try continuation(of: prompts)
      return options.numBeams > 1
        ? try search(running, continuation, options, rows, onEvent)
        : try write(running, continuation, options, rows, onEvent)
    }
  }

  /// Token by token.
  private func write(
    _ texts: [RunningText], _ continuation: any TextContinuation, _ options: SamplingOptions,
    _ rows: RowAdapters?, _ onEvent: (GenerationEvent) throws -> Void
  ) throws -> [Completion] {
    var (running, completions) = (texts, texts.map(\.completion))
    while !running.isEmpty {
      model.store.mode.rowAdapters = rows?.selecting(running.map(\.index))
      let logits = try continuation.logits(after: running.map(\.ids))
      for row in running.indices {
        let count = running[row].completion.ids.count
        let event = try running[row].advance(
          logits.select(0, row), options: options, endIDs: endIDs,
          forced: forced.token(at: count, of: options.maxNewTokens), contextLength: contextLength)
        try onEvent(event)
        completions[running[row].index] = running[row].completion
      }
      let kept = running.indices.filter { !running[$0].isFinished }
      guard kept.count < running.count else { continue }
      running = kept.map { running[$0] }
      if !kept.isEmpty { try continuation.select(kept, sameSources: false) }
    }
    return completions
  }

  /// With beams: all running beginnings of all texts side by side.
  private func search(
    _ texts: [RunningText], _ continuation: any TextContinuation, _ options: SamplingOptions,
    _ rows: RowAdapters?, _ onEvent: (GenerationEvent) throws -> Void
  ) throws -> [Completion] {
    var texts = texts
    var searches = texts.map { text in
      let room = contextLength - text.ids.count
      return BeamSearch(options, endIDs: endIDs, longest: min(options.maxNewTokens, room))
    }
    var open = Array(texts.indices)
    while !open.isEmpty {
      let owners = open.flatMap { text in searches[text].running.map { _ in text } }
      model.store.mode.rowAdapters = rows?.selecting(owners)
      let beams = open.flatMap { text in searches[text].running.map { texts[text].ids + $0.ids } }
      let scores = try continuation.logits(after: beams).to(dtype: .float32, device: .cpu).logSoftmax()
      var (first, kept) = (0, [Int]())
      for text in open {
        let count = searches[text].running.count
        let candidates = try candidates(
          scores.slice(0, first..<(first + count)), searches[text], texts[text], options)
        let origins = searches[text].advance(candidates)
        if !searches[text].isOver { kept += origins.map { first + $0 } }
        first += count
      }
      let isSame = kept.map { owners[$0] } == owners
      open.removeAll { searches[$0].isOver }
      if !open.isEmpty { try continuation.select(kept, sameSources: isSame) }
    }
    for index in texts.indices {
      for id in searches[index].best {
        try onEvent(
          texts[index].accept(id, options: options, endIDs: endIDs, contextLength: contextLength))
      }
    }
    return texts.map(\.completion)
  }

  /// The likeliest continuations of a text's beams, the likeliest first.
  ///
  /// - Parameter scores: the logarithms of probabilities [beams, vocabulary].
  private func candidates(
    _ scores: Tensor, _ search: BeamSearch, _ text: RunningText, _ options: SamplingOptions
  ) throws -> [(origin: Int, id: Int, score: Float)] {
    let vocabulary = scores.shape[1]
    let sums = try search.running.enumerated().map { row, beam in
      var own = try scores.select(0, row)
      if let id = forced.token(at: beam.ids.count, of: options.maxNewTokens) {
        own = try own.fullLike(-.infinity)
        try own.select(0, id).fill_(0)
      } else {
        let forbidden = beam.ids.count < options.minNewTokens ? endIDs : []
        own = try text.sampler.adjusted(own, after: text.ids + beam.ids, forbidden: forbidden)
      }
      return try own + Double(beam.score)
    }
    let all = try Tensor.cat(sums)
    let (values, places) = try all.topk(min(search.candidateCount, all.count))
    guard try !values.max().item(of: Double.self).isNaN else {
      throw ModelError(
        "the model's logits are not a number, after \(text.ids.count) tokens: use a wider --dtype")
    }
    return try zip(places.array(of: Int.self), values.array(of: Float.self)).map { place, score in
      (place / vocabulary, place % vocabulary, score)
    }
  }

  private func continuation(of prompts: [[Int]]) throws -> any TextContinuation {
    if let model = model as? any SequenceToSequenceModel {
      return try AnswerContinuation(model, sources: prompts)
    }
    guard let model = model as? any CausalLanguageModel else {
      throw ModelError("a model that writes no text: choose a language model")
    }
    return CausalContinuation(model)
  }

  /// What stands before the new tokens of each text.
  private func beginnings(_ prompts: [[Int]]) -> [[Int]] {
    guard let model = model as? any SequenceToSequenceModel else { return prompts }
    return prompts.map { _ in [model.startID] }
  }

  /// The tokens of a text at most.
  private var contextLength: Int { model.limitsLength ? model.contextLength : .max }

  private func check(_ prompts: [[Int]], _ options: SamplingOptions) throws {
    try options.validate()
    guard options.stop.isEmpty || tokenizer != nil else {
      throw ModelError("stop texts, without a tokenizer: give one, or stop at token ids")
    }
    let isContinued = model is any CausalLanguageModel
    for (index, prompt) in prompts.enumerated() {
      guard !prompt.isEmpty else {
        throw ModelError("prompt \(index + 1) has no tokens: begin with the token that begins a text")
      }
      guard prompt.count < contextLength || !isContinued && prompt.count == contextLength else {
        throw ModelError(
          "prompt \(index + 1) has \(prompt.count) tokens, the model's context \(model.contextLength): "
            + "shorten the prompt")
      }
    }
  }
}
