import Models
import NN
import Tokenizers
import Torch

/// Texts that are written together, a token of each at every step.
///
/// Several batches of one model can take turns: what a batch needs of the model's mode it sets for each step.
public final class TextBatch {
  private let model: any Model
  private let continuation: any TextContinuation
  private let endings: TextEndings
  private let adapters: RowAdapters?
  private var running: [RunningText]

  /// - Parameter adapters: by text; nil for those that are active.
  init(
    _ running: [RunningText], by model: any Model, _ continuation: any TextContinuation,
    _ endings: TextEndings,
    adapters: RowAdapters?
  ) {
    (self.running, self.model, self.continuation) = (running, model, continuation)
    (self.endings, self.adapters) = (endings, adapters)
  }

  /// Whether every text has ended.
  public var isFinished: Bool { running.isEmpty }

  /// Writes one token of every text.
  ///
  /// - Parameter onEvent: told of every text, by its index, what was written, or why it cannot go on; a text that
  ///   cannot is given up, and the others go on.
  /// - Throws: what the model's forward pass throws, or `onEvent`; then nothing more can be written.
  public func step(_ onEvent: (Int, Result<GenerationEvent, any Error>) throws -> Void) throws {
    guard !running.isEmpty else { return }
    let mode = model.store.mode
    let before = (mode.isTraining, mode.rowAdapters)
    mode.isTraining = false
    mode.rowAdapters = adapters?.selecting(running.map(\.index))
    defer { (mode.isTraining, mode.rowAdapters) = before }
    try withoutGradients {
      let logits = try continuation.logits(after: running.map(\.ids))
      var kept: [Int] = []
      for row in running.indices {
        let event = Result {
          try running[row].advance(logits.select(0, row), endings)
        }
        if case .success = event, !running[row].isFinished { kept.append(row) }
        try onEvent(running[row].index, event)
      }
      try keep(kept)
    }
  }

  /// Gives up the texts with these indices.
  public func stop(_ indices: Set<Int>) throws {
    try keep(running.indices.filter { !indices.contains(running[$0].index) })
  }

  /// Keeps these rows of the batch.
  private func keep(_ rows: [Int]) throws {
    guard rows.count < running.count else { return }
    running = rows.map { running[$0] }
    if !rows.isEmpty { try continuation.select(rows, sameSources: false) }
  }
}
