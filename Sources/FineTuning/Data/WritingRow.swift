import JSON
import Models
import Training

/// What a row has a model write from, and texts that are right: those of `references`, or the one that it should write.
public struct WritingRow {
  public let prompt: String
  public let references: [String]

  /// - Throws: `TrainingError` for a row without the one or the other.
  public init(_ row: DataRow, task: ModelTask) throws {
    if let listed = row["references"] {
      let texts = (listed.arrayValue ?? []).compactMap(\.stringValue)
      guard let prompt = row.text("prompt"), !texts.isEmpty, texts.count == listed.arrayValue?.count else {
        throw TrainingError(
          .data, "references, \(row.origin): give prompt, and references as a list of texts, one at least")
      }
      (self.prompt, references) = (prompt, texts)
      return
    }
    let found: (String, String?)? =
      try task == .seq2seqLM
      ? SequenceRow.texts(row) : CausalRow.completion(row).map { ($0.prompt, $0.completion) }
    guard let (prompt, text) = found, let reference = text else {
      throw TrainingError(
        .data,
        "a row without a text to write, \(row.origin): give prompt and completion, instruction and output, or prompt "
          + "and references")
    }
    (self.prompt, references) = (prompt, [reference])
  }
}
