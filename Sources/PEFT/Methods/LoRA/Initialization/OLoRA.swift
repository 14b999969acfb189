import JSON
import NN
import Torch

/// The first columns of W = Q R as the update, taken off the base: B = Q[:, :r], A = R[:r].
///
/// Source: Büyükakyüz 2024, "OLoRA: Orthonormal Low-Rank Adaptation of Large Language Models", algorithm 1.
struct OLoRA: FactorInitializer {
  static let spellings = ["olora"]
  let isOffset = true

  init?(_ value: JSONValue) { guard value.stringValue?.lowercased() == "olora" else { return nil } }

  func rankLimit(_ layer: any AdaptableLayer) throws -> Int? { try layer.smallerSide() }

  func factors(of layer: any AdaptableLayer, _ request: FactorRequest) throws -> InitialFactors {
    let (q, r) = try layer.untouchedMatrix().qr()
    return try InitialFactors(a: r.slice(0, 0..<request.rank), b: q.slice(1, 0..<request.rank))
  }
}
