import FineTuning
import Foundation
import Generation
import Models
import NIOConcurrencyHelpers
import NIOHTTP1
import NN
import PEFT
import Tokenizers
import Torch

/// The model's own thread: takes jobs, writes their texts, and lets several batches take turns, a token at a time.
///
/// Jobs that wait at the same moment are written together, each row with its adapter; one that comes later begins at
/// once, beside those that run.
final class ServingEngine: @unchecked Sendable {
  // Unchecked: the model is touched by the thread alone, everything else under the lock of `condition`.
  private let tuned: AdaptedPretrainedModel
  /// Nil for an encoder, which writes nothing.
  private let generator: TextGenerator?
  private let embedder: TextEmbedder
  private let tokenizer: Tokenizer
  private let condition = NSCondition()
  private var waiting: [Job] = []
  private var errands: [(AdaptedPretrainedModel, ServingEngine) -> Void] = []
  private var running: [JobBatch] = []
  private var isStopping = false
  /// What the model's adapters are set to.
  private var route: JobBatch.Route?

  let contextLength: Int
  /// Token ids are below this.
  let vocabularySize: Int

  /// Texts written at a time, and waiting for their turn.
  private static let mostRows = 32
  private static let mostWaiting = 256

  /// - Throws: ``ServingError`` for a model that neither writes text nor gives hidden states.
  init(_ tuned: AdaptedPretrainedModel, tokenizer: Tokenizer, layout: SentenceLayout) throws {
    let language = tuned.model as? any CausalLanguageModel
    guard language != nil || tuned.model is any TextEncoder else {
      throw ServingError(
        "a model that neither writes text nor reads it into vectors, \(tuned.folder): choose a language model or an encoder"
      )
    }
    (self.tuned, self.tokenizer) = (tuned, tokenizer)
    generator = try language.map { try TextGenerator($0, tokenizer: tokenizer) }
    embedder = TextEmbedder(
      tuned.model, tokenizer: tokenizer, pooling: layout.pooling ?? .mean,
      normalizes: layout.normalizes ?? true,
      maxLength: layout.maxLength)
    contextLength = tuned.model.contextLength
    vocabularySize = language?.outputEmbedding.weight.shape.first ?? 0
  }

  func start() {
    let thread = Thread { self.work() }
    thread.name = "model"
    // The stack of a main thread: forward passes are deep.
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// Ends the thread; what is under way fails.
  func stop() {
    condition.withLock {
      isStopping = true
      condition.signal()
    }
  }

  /// The tokens of texts as they are written. Not reading them to the end gives the texts up.
  ///
  /// - Throws: ``APIError`` for texts that cannot be continued, and when too many wait already.
  func write(_ texts: [TextRequest], adapter: String?) throws -> Job.Events {
    guard let generator else {
      throw APIError(.badRequest, "the model is an encoder, which writes no text: ask /v1/embeddings")
    }
    for (index, text) in texts.enumerated() { try generator.check(text, index) }
    guard texts.count <= Self.mostRows else {
      throw APIError(.badRequest, "\(texts.count) texts in one request: ask for at most \(Self.mostRows)")
    }
    let (stream, continuation) = Job.Events.makeStream()
    let job = Job(texts, adapter: adapter, output: continuation)
    try condition.withLock {
      guard !isStopping else { throw CancellationError() }
      guard waiting.count < Self.mostWaiting else {
        throw APIError(.serviceUnavailable, "\(waiting.count) requests wait already: try again later")
      }
      waiting.append(job)
      condition.signal()
    }
    return stream
  }

  /// A vector for each text, between two steps.
  ///
  /// - Throws: what ``TextEmbedder`` says of a text, and ``APIError`` for an adapter that is gone.
  func embed(_ texts: [String], adapter: String?) async throws -> [[Float]] {
    try await perform { [self] tuned in
      if let adapter, !tuned.adapters.names.contains(adapter) {
        throw APIError(.notFound, "adapter '\(adapter)' has been unloaded")
      }
      try tuned.adapters.activate(adapter.map { [$0] } ?? [])
      let vectors = try embedder.embed(texts)
      let (width, values) = (vectors.shape[1], try vectors.contiguous().array(of: Float.self))
      return texts.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
    }
  }

  /// Runs `body` on the model's thread, between two steps.
  func perform<Result: Sendable>(
    _ body: @escaping @Sendable (AdaptedPretrainedModel) throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let errand = { (tuned: AdaptedPretrainedModel, engine: ServingEngine) in
        continuation.resume(with: Swift.Result { try body(tuned) })
        engine.route = nil
      }
      let isStopped = condition.withLock {
        if !isStopping { errands.append(errand) }
        condition.signal()
        return isStopping
      }
      if isStopped { continuation.resume(throwing: CancellationError()) }
    }
  }

  /// Whether texts with this adapter are under way or wait. Called on the model's thread.
  func isUsed(_ adapter: String) -> Bool {
    running.contains { $0.jobs.contains { $0.adapter == adapter } }
      || condition.withLock { waiting.contains { $0.adapter == adapter } }
  }

  private func work() {
    while let (jobs, errands) = next() {
      for errand in errands { errand(tuned, self) }
      begin(jobs)
      for index in running.indices {
        do {
          try set(running[index].route)
          running[index].step()
        } catch {
          running[index].fail(error)
        }
      }
      running.removeAll(where: \.isFinished)
    }
    for batch in running { batch.fail(CancellationError()) }
    running = []
  }

  /// What there is to do now; waits while there is nothing. Nil when the thread is to end.
  private func next() -> ([Job], [(AdaptedPretrainedModel, ServingEngine) -> Void])? {
    condition.lock()
    defer { condition.unlock() }
    while waiting.isEmpty, errands.isEmpty, running.isEmpty, !isStopping { condition.wait() }
    if isStopping {
      for job in waiting { job.output.finish(throwing: CancellationError()) }
      for errand in errands { errand(tuned, self) }
      (waiting, errands) = ([], [])
      return nil
    }
    var room = Self.mostRows - running.reduce(0) { $0 + $1.jobs.count }
    var jobs: [Job] = []
    // In the order in which they came, so that a large request is not passed over for ever.
    while let job = waiting.first, job.texts.count <= room {
      room -= job.texts.count
      jobs.append(waiting.removeFirst())
    }
    defer { errands = [] }
    return (jobs, errands)
  }

  /// Makes batches of jobs: those whose adapters work row by row together, each soft prompt on its own.
  private func begin(_ jobs: [Job]) {
    let live = jobs.filter { !$0.isAbandoned.withLockedValue(\.self) }
    var together: [Job] = []
    for job in live {
      switch job.adapter {
      case let name? where !tuned.adapters.names.contains(name):
        job.output.finish(throwing: APIError(.notFound, "adapter '\(name)' has been unloaded"))
      case let name? where tuned.adapters.isPrompt(name): begin([job], .prompt(name))
      default: together.append(job)
      }
    }
    if !together.isEmpty { begin(together, .rows) }
  }

  private func begin(_ jobs: [Job], _ route: JobBatch.Route) {
    guard let generator else { return }
    do {
      running.append(try JobBatch(jobs, route, by: generator))
    } catch {
      for job in jobs { job.output.finish(throwing: error) }
    }
  }

  private func set(_ wanted: JobBatch.Route) throws {
    guard wanted != route else { return }
    switch wanted {
    case .rows: try tuned.adapters.activate([])
    case .prompt(let name): try tuned.adapters.activate([name])
    }
    route = wanted
  }
}
