import Foundation
import NN
import Torch

/// Distances between tokens in buckets: each short one has its own, longer ones share one with others about as long.
///
/// Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer",
/// section 2.1; buckets as `T5Attention` of transformers.
struct DistanceBuckets: Sendable {
  var buckets: Int
  /// Distances from here on share the last bucket.
  var maxDistance: Int

  /// The bucket of each pair, int64 [queries, keys]; the first query stands at place `offset`.
  ///
  /// - Parameter isCausal: whether keys behind their query are none of its business, so that all buckets are for those
  ///   before it.
  func buckets(queries: Int, keys: Int, offset: Int, isCausal: Bool, device: Device) throws -> Tensor {
    let table = ((1 - keys)..<keys).map { bucket(of: $0, isCausal: isCausal) }
    let query = try Tensor.arange(offset, offset + queries, device: device).unsqueezed(1)
    let key = try Tensor.arange(0, keys, device: device).unsqueezed(0)
    // Distances run from -(keys - 1) to keys - 1.
    let places = try key - query + Double(keys - 1)
    return try Tensor(table).to(device: device).take(places.to(dtype: .int64))
  }

  /// The bucket of a key that stands `distance` tokens behind its query.
  func bucket(of distance: Int, isCausal: Bool) -> Int {
    let count = isCausal ? buckets : buckets / 2
    let first = !isCausal && distance > 0 ? count : 0
    let length = isCausal ? max(0, -distance) : abs(distance)
    let exact = count / 2
    guard length >= exact else { return first + length }
    // In float32 as the reference, so that no distance at an edge falls into another bucket.
    let share = log(Float(length) / Float(exact)) / Float(log(Double(maxDistance) / Double(exact)))
    return first + min(exact + Int(share * Float(count - exact)), count - 1)
  }
}

/// The learned bias of each bucket, for each head.
struct PositionBias {
  private let table: Embedding
  private let positions: DistanceBuckets

  init(_ path: Path, _ positions: DistanceBuckets, heads: Int) throws {
    self.positions = positions
    table = try Embedding(path, entries: positions.buckets, size: heads)
  }

  /// [1, heads, queries, keys].
  func callAsFunction(queries: Int, keys: Int, offset: Int, isCausal: Bool, device: Device) throws -> Tensor {
    let buckets = try positions.buckets(
      queries: queries, keys: keys, offset: offset, isCausal: isCausal, device: device)
    return try table(buckets).permuted([2, 0, 1]).unsqueezed(0)
  }
}
