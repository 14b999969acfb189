import Models
import NN
import Torch

/// Writes texts by beam search: all running beginnings of all texts side by side.
struct BeamWriter {
  private let model: any Model
  private let continuation: any TextContinuation
  private let endings: TextEndings
  private let options: SamplingOptions
  private let adapters: RowAdapters?
  private var texts: [RunningText]
  private var searches: [BeamSearch]

  /// - Parameter adapters: by text; nil for those that are active.
  init(
    _ texts: [RunningText], by model: any Model, _ continuation: any TextContinuation, _ endings: TextEndings,
    options: SamplingOptions, adapters: RowAdapters?
  ) {
    (self.texts, self.model, self.continuation, self.endings) = (texts, model, continuation, endings)
    (self.options, self.adapters) = (options, adapters)
    searches = texts.map { text in
      let room = endings.contextLength - text.ids.count
      return BeamSearch(options, endIDs: endings.ids, longest: min(options.maxNewTokens, room))
    }
  }

  /// - Parameter onEvent: told of every token of each text's best beam, once that is known.
  mutating func run(_ onEvent: (GenerationEvent) throws -> Void) throws {
    let mode = model.store.mode
    let before = (mode.isTraining, mode.rowAdapters)
    mode.isTraining = false
    defer { (mode.isTraining, mode.rowAdapters) = before }
    var open = Array(texts.indices)
    while !open.isEmpty { try withoutGradients { try step(&open) } }
    for index in texts.indices {
      for id in searches[index].best {
        try onEvent(texts[index].accept(id, endings))
      }
    }
  }

  /// Lengthens every beam of the texts that are not over by one token.
  private mutating func step(_ open: inout [Int]) throws {
    let owners = open.flatMap { text in searches[text].running.map { _ in text } }
    model.store.mode.rowAdapters = adapters?.selecting(owners)
    let beams = open.flatMap { text in searches[text].running.map { texts[text].ids + $0.ids } }
    let scores = try continuation.logits(after: beams).to(dtype: .float32, device: .cpu).logSoftmax()
    var (first, kept) = (0, [Int]())
    for text in open {
      let count = searches[text].running.count
      let candidates = try candidates(scores.slice(0, first..<(first + count)), searches[text], texts[text])
      let origins = searches[text].advance(candidates)
      if !searches[text].isOver { kept += origins.map { first + $0 } }
      first += count
    }
    let isSame = kept.map { owners[$0] } == owners
    open.removeAll { searches[$0].isOver }
    if !open.isEmpty { try continuation.select(kept, sameSources: isSame) }
  }

  /// The likeliest continuations of a text's beams, the likeliest first.
  ///
  /// - Parameter scores: the logarithms of probabilities [beams, vocabulary].
  private func candidates(
    _ scores: Tensor, _ search: BeamSearch, _ text: RunningText
  ) throws -> [(origin: Int, id: Int, score: Float)] {
    let vocabulary = scores.shape[1]
    let sums = try search.running.enumerated().map { row, beam in
      var own = try scores.select(0, row)
      if let id = endings.forced.token(at: beam.ids.count, of: options.maxNewTokens) {
        own = try own.fullLike(-.infinity)
        try own.select(0, id).fill_(0)
      } else {
        let forbidden = beam.ids.count < options.minNewTokens ? endings.ids : []
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
}
