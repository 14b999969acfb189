import FineTuning
import Models
import NN

/// What becomes of a quantized base when adapters are folded into it.
enum MergeTarget: String, CaseIterable {
  case dense, requantize, qalora

  static let names = allCases.map(\.rawValue).joined(separator: ", ")

  /// - Throws: ``Failure`` when the base is quantized and nothing is said, or the other way round.
  init(_ name: String?, for tuned: AdaptedPretrainedModel, in folder: String) throws {
    let isQuantized = !tuned.model.store.quantizedWeights.isEmpty
    guard let target = name.flatMap(MergeTarget.init(rawValue:)) else {
      guard !isQuantized else {
        throw Failure(
          .usage,
          "the base is quantized, \(folder): say --into dense (exact, larger), requantize (as small, rounded) or qalora (as small, exact, QA-LoRA only)"
        )
      }
      self = .dense
      return
    }
    guard isQuantized || target == .dense else {
      throw Failure(
        .usage, "--into \(target.rawValue), and the base is not quantized, \(folder): leave it out")
    }
    self = target
  }
}
