import NN
import Torch

extension AdaptableLayer {
  /// The untouched weight with QA-LoRA adapters in its zeros, which nothing rounds.
  ///
  /// - Throws: ``AdapterError`` for a weight without zeros and for other adapters, `QuantizationError` when groups do not
  ///   fit.
  public func absorbing(_ names: [String]) throws -> any QuantizedWeight {
    guard var weight = untouchedWeight as? GroupedWeight else {
      let kind = (untouchedWeight as? any QuantizedWeight).map { "kept as \($0.format.rawValue)" } ?? "dense"
      throw AdapterError(
        "\(name) is \(kind), which has no zeros to merge into: merge --into dense, or train on a base in gptq or awq"
      )
    }
    for entry in adapters where names.contains(entry.name) {
      guard let adapter = entry.adapter as? QALoRALinear else {
        throw AdapterError(
          "adapter '\(entry.name)' on \(name) is no QA-LoRA (use_qalora), so that zeros cannot take it: merge --into "
            + "dense or requantize")
      }
      weight = try adapter.absorbed(by: weight)
    }
    return weight
  }
}
