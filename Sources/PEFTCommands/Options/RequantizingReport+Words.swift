import FineTuning
import JSON

extension RequantizingReport {
  /// For the end of a line.
  var summary: String {
    "rounding changed the merged weights by \(Numerals.short(rounding)), outputs by \(Numerals.short(logitsError)) "
      + "(relative)"
  }

  /// Says so when what was trained is lost in rounding.
  var warnings: [String] {
    guard let worst = roundedAway.max(by: { $0.rounding / $0.change < $1.rounding / $1.change }) else {
      return []
    }
    return [
      "rounding is larger than the adapter's change in \(roundedAway.count) of \(layers.count) layers, such as "
        + "\(worst.name) (change \(Numerals.short(worst.change)), rounding \(Numerals.short(worst.rounding))"
        + "\(worst.isUnchanged ? ", nothing is left" : "")): merge --into dense to keep it"
    ]
  }

  func add(to result: inout JSONObject) {
    result["rounding_error"] = .double(rounding)
    result["logits_error"] = .double(logitsError)
    result["rounded_away"] = .int(roundedAway.count)
    result["layers"] = .array(
      layers.map { layer in
        .object([
          "name": .string(layer.name), "change": .double(layer.change),
          "rounding_error": .double(layer.rounding),
          "unchanged": .bool(layer.isUnchanged),
        ])
      })
  }
}
