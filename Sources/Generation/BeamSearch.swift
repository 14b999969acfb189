import Foundation
import Torch

/// The search for one text: several beginnings are kept, and of the finished texts the likeliest for their length.
///
/// Source: `_beam_search` of transformers 5, whose scores and rules for stopping these are.
struct BeamSearch {
  struct Beam: Sendable {
    var ids: [Int]
    /// The sum of the logarithms of probabilities; of a finished one over its length to the power of the penalty.
    var score: Float
    var isFinished = false
  }

  /// What stands for no score at all.
  private static let none: Float = -1e9

  let width: Int
  private(set) var running = [Beam(ids: [], score: 0)]
  private(set) var finished: [Beam]
  /// Whether a longer text may still beat the finished ones.
  private var canImprove = true
  private(set) var isOver = false
  private let options: SamplingOptions
  private let endIDs: [Int]
  private let longest: Int

  /// - Parameter longest: tokens of the text at most.
  init(_ options: SamplingOptions, endIDs: [Int], longest: Int) {
    (self.options, self.endIDs, self.longest, width) = (options, endIDs, longest, options.numBeams)
    finished = Array(repeating: Beam(ids: [], score: Self.none), count: width)
  }

  /// The likeliest text.
  var best: [Int] { finished.first?.ids ?? [] }

  /// How many continuations are looked at: enough that all beams can go on even if each ends.
  var candidateCount: Int { max(2, 1 + endIDs.count) * width }

  /// Takes the best continuations into account.
  ///
  /// - Parameter candidates: the likeliest first: which running text, its next token, and the score of both.
  /// - Returns: which running text each of the new ones continues.
  mutating func advance(_ candidates: [(origin: Int, id: Int, score: Float)]) -> [Int] {
    let length = (running.first?.ids.count ?? 0) + 1
    let texts = candidates.map { candidate in
      Beam(
        ids: running[candidate.origin].ids + [candidate.id], score: candidate.score,
        isFinished: endIDs.contains(candidate.id) || length >= longest)
    }
    let order = Self.best(width, of: texts.map { $0.score + ($0.isFinished ? Self.none : 0) })
    running = order.map {
      Beam(ids: texts[$0].ids, score: texts[$0].score + (texts[$0].isFinished ? Self.none : 0))
    }
    finish(texts, length)
    canImprove = canImprove && mayImprove(at: length)
    let isFull = finished.allSatisfy(\.isFinished)
    isOver = !canImprove || isFull && options.earlyStopping == .yes || texts.allSatisfy(\.isFinished)
    return order.map { candidates[$0].origin }
  }

  /// Keeps the best of what was finished before and the texts that end now; only the first of those can be among them.
  private mutating func finish(_ texts: [Beam], _ length: Int) {
    let isClosed =
      !canImprove || options.earlyStopping == .yes && finished.allSatisfy(\.isFinished)
    let scale = Float(pow(Double(length), options.lengthPenalty))
    let new = texts.enumerated().map { index, text in
      let ends = text.isFinished && index < width
      return Beam(
        ids: text.ids, score: text.score / scale + (ends && !isClosed ? 0 : Self.none), isFinished: ends)
    }
    let all = finished + new
    finished = Self.best(width, of: all.map(\.score)).map { all[$0] }
  }

  private func mayImprove(at length: Int) -> Bool {
    let isPatient = options.earlyStopping == .never && options.lengthPenalty > 0
    let scale = Float(pow(Double(isPatient ? longest : length), options.lengthPenalty))
    let worst = finished.map(\.score).min() ?? Self.none
    return finished.contains { running[0].score / scale > ($0.isFinished ? worst : Self.none) }
  }

  /// The places of the highest scores, the highest first.
  private static func best(_ count: Int, of scores: [Float]) -> [Int] {
    let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
    return Array(order.prefix(count))
  }
}
