import Tokenizers
import Torch

/// One text while it is being generated.
struct RunningText {
  let index: Int
  private(set) var ids: [Int]
  private(set) var completion = Completion()
  private let promptCount: Int
  let sampler: Sampler
  private var decoder: StreamDecoder?
  private var stopText: StopText
  private(set) var isFinished = false

  init(_ index: Int, prompt: [Int], sampler: Sampler, options: SamplingOptions, tokenizer: Tokenizer?) throws
  {
    (self.index, ids, promptCount, self.sampler) = (index, prompt, prompt.count, sampler)
    stopText = StopText(options.stop)
    decoder = tokenizer?.streamDecoder()
    // How a token reads depends on those before it (a leading space), so the decoder has to have seen the prompt.
    for id in prompt { _ = try decoder?.append(id) }
  }

  /// Chooses the next token from its logits [vocabulary], and says what came of it.
  ///
  /// - Parameter forced: the token that it must be, if any.
  mutating func advance(
    _ logits: Tensor, options: SamplingOptions, endIDs: [Int], forced: Int?, contextLength: Int
  ) throws -> GenerationEvent {
    let forbidden = ids.count - promptCount < options.minNewTokens ? endIDs : []
    let id = try forced ?? sampler.next(logits, after: ids, forbidden: forbidden)
    return try accept(id, options: options, endIDs: endIDs, contextLength: contextLength)
  }

  /// Adds a token that was chosen.
  mutating func accept(
    _ id: Int, options: SamplingOptions, endIDs: [Int], contextLength: Int
  ) throws -> GenerationEvent {
    ids.append(id)
    completion.ids.append(id)
    var text = try decoder?.append(id).map { stopText.append($0) } ?? ""
    let reason = reason(id, options, endIDs, contextLength)
    if let reason {
      if stopText.found == nil {
        text += decoder?.finish().map { stopText.append($0) } ?? ""
        text += stopText.finish()
      }
      // The last bytes may have completed a stop text after all.
      completion.finishReason = stopText.found.map { .stop($0) } ?? reason
      isFinished = true
    }
    completion.text += text
    return GenerationEvent(
      index: index, id: id, text: text, finishReason: isFinished ? completion.finishReason : nil)
  }

  private func reason(
    _ id: Int, _ options: SamplingOptions, _ endIDs: [Int], _ contextLength: Int
  ) -> Completion.FinishReason? {
    if let stop = stopText.found { return .stop(stop) }
    if endIDs.contains(id) { return .endOfText }
    if completion.ids.count >= options.maxNewTokens { return .length }
    return ids.count >= contextLength ? .context : nil
  }
}
