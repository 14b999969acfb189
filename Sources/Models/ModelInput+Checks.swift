import Torch

extension ModelInput {
  func tooLong(_ limit: Int) -> ModelError {
    ModelError(
      "\(ids.shape[1]) tokens, in the input: the model has positions for \(limit); shorten the text, or lower "
        + "--max-length")
  }
}

extension Tensor {
  /// The same numbers, which must be rows of a table.
  ///
  /// - Throws: ``ModelError`` naming one that is not.
  func checked(below limit: Int, _ what: String) throws -> Tensor {
    let (low, high): (Int, Int) = (try min().item(), try max().item())
    guard low >= 0, high < limit else {
      throw ModelError(
        "\(what) \(low < 0 ? low : high), in the input: the model has those from 0 to \(limit - 1); "
          + "use its own tokenizer")
    }
    return self
  }
}
