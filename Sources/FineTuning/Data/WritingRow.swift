import Models
import Training

/// What a row has a model write from, and the text that it should write.
public struct WritingRow {
  public let prompt, reference: String

  /// - Throws: `TrainingError` for a row without the one or the other.
  public init(_ row: DataRow, task: ModelTask) throws {
    let found: (String, String?)? =
      try task == .seq2seqLM
      ? SequenceRow.texts(row) : CausalRow.completion(row).map { ($0.prompt, $0.completion) }
    guard let (prompt, text) = found, let reference = text else {
      throw TrainingError(
        .data,
        "a row without a text to write, \(row.origin): give prompt and completion, or instruction and output")
    }
    (self.prompt, self.reference) = (prompt, reference)
  }
}
