import Models
import NN
import Tokenizers
import Torch
import Training

/// Vectors of texts: hidden states, pooled over the tokens of each text, and normalized.
public struct TextEmbedder {
  private let model: any Model
  private let tokenizer: Tokenizer
  private let pooling: Pooling
  private let normalizes: Bool
  private let padding: Int

  /// - Parameters:
  ///   - maxLength: tokens of a text at most; nil for the model's own limit.
  ///   - normalizes: whether vectors have length 1.
  public init(
    _ model: any Model, tokenizer: Tokenizer, pooling: Pooling = .mean, normalizes: Bool = true,
    maxLength: Int? = nil
  ) {
    let limit = min(maxLength ?? .max, model.contextLength)
    self.tokenizer = tokenizer.padding(nil).truncating(Truncation(maxLength: limit))
    (self.model, self.pooling, self.normalizes) = (model, pooling, normalizes)
    padding = tokenizer.specialTokens.padTokenID ?? 0
  }

  /// A vector for each text, float32 [texts, d], in their order.
  ///
  /// - Throws: ``TrainingError`` for a text without tokens; what the model throws.
  public func embed(_ texts: [String], batchSize: Int = 32) throws -> Tensor {
    let tokenizer = tokenizer
    let encodings = try concurrentMap(texts) { try tokenizer.encode($0) }
    for (index, encoding) in encodings.enumerated() where encoding.ids.isEmpty {
      throw TrainingError(.data, "a text without tokens, row \(index + 1): remove it, or give it text")
    }
    // Texts of similar length together.
    let order = encodings.indices.sorted { (encodings[$1].count, $0) < (encodings[$0].count, $1) }
    var places = [Int](repeating: 0, count: texts.count)
    var parts: [Tensor] = []
    try withoutGradients {
      for start in stride(from: 0, to: order.count, by: max(1, batchSize)) {
        let rows = order[start..<min(start + max(1, batchSize), order.count)]
        for (offset, row) in rows.enumerated() { places[row] = start + offset }
        parts.append(try vectors(rows.map { encodings[$0] }).to(dtype: .float32, device: .cpu))
      }
    }
    guard !parts.isEmpty else { throw TrainingError(.data, "no texts: the data is empty") }
    return try Tensor.cat(parts).indexSelect(0, Tensor(places))
  }

  private func vectors(_ encodings: [Encoding]) throws -> Tensor {
    let examples = encodings.map { encoding in
      [
        TokenizedExample(
          ids: encoding.ids.map { Int32(clamping: $0) }, target: .category(0),
          typeIDs: encoding.typeIDs.map { Int32(clamping: $0) })
      ]
    }
    let batch = try Batch(examples, objective: .category, padding: padding, device: model.store.device)
    let input = ModelInput(ids: batch.ids, attentionMask: batch.attentionMask, typeIDs: batch.typeIDs)
    if let model = model as? any TextFeatureModel { return try unit(model.textFeatures(input)) }
    let hidden: Tensor
    switch model {
    case let encoder as any TextEncoder: hidden = try encoder.hiddenStates(input)
    case let language as any CausalLanguageModel: hidden = try language.hiddenStates(input, cache: nil)
    default:
      throw ModelError(
        "a model of task \(model.task.rawValue), which gives no hidden states: choose an encoder, or --task causal-lm"
      )
    }
    return try unit(pooling(hidden.to(dtype: .float32), mask: batch.attentionMask))
  }

  private func unit(_ vectors: Tensor) throws -> Tensor {
    normalizes ? try vectors.ofUnitLength() : vectors
  }
}

extension Tensor {
  /// Rows [n, d] divided by their norms; a row of zeros stays.
  func ofUnitLength() throws -> Tensor { try self / norm([1], keepDim: true).clamped(min: 1e-12) }
}
