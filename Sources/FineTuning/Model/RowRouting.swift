import NN
import PEFT
import Training

extension AdaptedModel {
  /// Runs `body` with the adapter that each row asks for; a row that asks for none gets the one that is active.
  ///
  /// - Parameters:
  ///   - asked: by row, the name of an adapter or `__base__`; nil where the row says nothing.
  ///   - origins: where each row came from, for messages.
  /// - Throws: ``TrainingError`` naming a row whose adapter is unknown or open.
  public func withAdapters<Result>(
    asked: [String?], origins: [String], _ body: () throws -> Result
  ) throws -> Result {
    guard asked.contains(where: { $0 != nil }) else { return try body() }
    let known = names + [RowAdapters.base]
    let chosen = try zip(asked, origins).map { name, origin -> String? in
      guard let name else {
        guard active.count < 2 else {
          throw TrainingError(
            .data,
            "a row without an adapter among rows with one, \(origin): name one of \(known.joined(separator: ", "))"
          )
        }
        return active.first
      }
      guard known.contains(name) else {
        throw TrainingError(
          .data, "adapter '\(name)', \(origin): name one of \(known.joined(separator: ", "))")
      }
      return name
    }
    return try withAdapters(byRow: chosen, body)
  }
}
