import Tokenizers
import Torch

/// One text while it is being generated.
struct RunningText {
  let index: Int
  private(set) var ids: [Int]
  private let promptCount: Int
  let options: SamplingOptions
  let sampler: Sampler
  private var decoder: StreamDecoder?
  private var stopText: StopText
  private let likeliest: Int?
  private(set) var isFinished = false

  /// - Parameters:
  ///   - seed: of its own drawing.
  ///   - likeliest: see ``TextRequest/likeliest``.
  init(
    _ index: Int, prompt: [Int], options: SamplingOptions, seed: Int, likeliest: Int?, tokenizer: Tokenizer?
  ) throws {
    (self.index, ids, promptCount, self.options) = (index, prompt, prompt.count, options)
    self.likeliest = likeliest
    sampler = Sampler(options, generator: try Generator(seed: UInt64(bitPattern: Int64(seed))))
    stopText = StopText(options.stop)
    decoder = tokenizer?.streamDecoder()
    // How a token reads depends on those before it (a leading space), so the decoder has to have seen the prompt.
    for id in prompt { _ = try decoder?.append(id) }
  }

  /// How many tokens are new.
  var newCount: Int { ids.count - promptCount }

  /// Chooses the next token from its logits [vocabulary], and says what came of it.
  mutating func advance(_ logits: Tensor, _ endings: TextEndings) throws -> GenerationEvent {
    let forbidden = newCount < options.minNewTokens ? endings.ids : []
    let forced = endings.forced.token(at: newCount, of: options.maxNewTokens)
    let id = try forced ?? sampler.next(logits, after: ids, forbidden: forbidden)
    let likelihood = try likeliest.map { try TokenLikelihood(of: id, in: logits, likeliest: $0) }
    return try accept(id, endings, likelihood)
  }

  /// Adds a token that was chosen.
  mutating func accept(
    _ id: Int, _ endings: TextEndings, _ likelihood: TokenLikelihood? = nil
  ) throws -> GenerationEvent {
    ids.append(id)
    var text = try decoder?.append(id).map { stopText.append($0) } ?? ""
    var reason = reason(id, endings)
    if reason != nil {
      if stopText.found == nil {
        text += decoder?.finish().map { stopText.append($0) } ?? ""
        text += stopText.finish()
      }
      // The last bytes may have completed a stop text after all.
      reason = stopText.found.map { .stop($0) } ?? reason
      isFinished = true
    }
    return GenerationEvent(index: index, id: id, text: text, finishReason: reason, likelihood: likelihood)
  }

  private func reason(_ id: Int, _ endings: TextEndings) -> Completion.FinishReason? {
    if let stop = stopText.found { return .stop(stop) }
    if endings.ids.contains(id) { return .endOfText }
    if newCount >= options.maxNewTokens { return .length }
    return ids.count >= endings.contextLength ? .context : nil
  }
}
