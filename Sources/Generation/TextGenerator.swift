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
    let requests = prompts.enumerated().map { index, prompt in
      TextRequest(prompt, options, seed: options.seed &+ index)
    }
    let adapters = model.store.mode.rowAdapters
    var completions = Array(repeating: Completion(), count: prompts.count)
    func add(_ event: GenerationEvent) throws {
      completions[event.index].add(event)
      try onEvent(event)
    }
    if options.numBeams > 1 {
      let texts = try texts(requests)
      var search = try BeamWriter(
        texts, by: model, continuation(of: prompts), endings, options: options, adapters: adapters)
      try search.run(add)
      return completions
    }
    let batch = try begin(requests, adapters: adapters)
    while !batch.isFinished {
      try batch.step { _, result in try add(result.get()) }
    }
    return completions
  }

  /// Begins texts that are written together, to be gone on with step by step.
  ///
  /// - Parameter adapters: by text; nil for those that are active.
  /// - Throws: `ConfigurationError` for options out of range, `ModelError` for a prompt that is empty or too long.
  public func begin(_ requests: [TextRequest], adapters: RowAdapters? = nil) throws -> TextBatch {
    let texts = try texts(requests)
    return TextBatch(
      texts, by: model, try continuation(of: requests.map(\.prompt)), endings, adapters: adapters)
  }

  private var endings: TextEndings {
    TextEndings(
      ids: endIDs, forced: forced, contextLength: model.limitsLength ? model.contextLength : .max)
  }

  /// The texts as they begin, of requests that make sense.
  private func texts(_ requests: [TextRequest]) throws -> [RunningText] {
    for (index, request) in requests.enumerated() { try check(request, index) }
    return try requests.enumerated().map { index, request in
      let start = (model as? any SequenceToSequenceModel).map { [$0.startID] } ?? request.prompt
      return try RunningText(
        index, prompt: start, options: request.options, seed: request.seed, likeliest: request.likeliest,
        tokenizer: tokenizer)
    }
  }

  private func continuation(of prompts: [[Int]]) throws -> any TextContinuation {
    if let model = model as? any SequenceToSequenceModel {
      return try withoutGradients { try AnswerContinuation(model, sources: prompts) }
    }
    guard let model = model as? any CausalLanguageModel else {
      throw ModelError("a model that writes no text: choose a language model")
    }
    return CausalContinuation(model)
  }

  /// - Throws: `ConfigurationError` for options out of range, `ModelError` for a prompt that is empty or too long.
  public func check(_ request: TextRequest, _ index: Int = 0) throws {
    let (prompt, limit) = (request.prompt, endings.contextLength)
    try request.options.validate()
    guard request.options.stop.isEmpty || tokenizer != nil else {
      throw ModelError("stop texts, without a tokenizer: give one, or stop at token ids")
    }
    guard !prompt.isEmpty else {
      throw ModelError("prompt \(index + 1) has no tokens: begin with the token that begins a text")
    }
    let isContinued = model is any CausalLanguageModel
    guard prompt.count < limit || !isContinued && prompt.count == limit else {
      throw ModelError(
        "prompt \(index + 1) has \(prompt.count) tokens, the model's context \(model.contextLength): "
          + "shorten the prompt")
    }
  }
}

/// What ends a text besides what its request says.
struct TextEndings {
  let ids: [Int]
  /// Tokens that an encoder-decoder must write first or last.
  let forced: ForcedTokens
  /// The tokens of a text at most.
  let contextLength: Int
}
