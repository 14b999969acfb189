import Foundation
import NN

/// A regular expression over module names, as Python's `re` reads it.
struct NamePattern {
  private let whole: NSRegularExpression
  private let prefix: NSRegularExpression

  /// - Throws: ``AdapterError`` when `source` is not a regular expression.
  init(_ source: String) throws {
    // Python alone writes the P of a named group.
    let plain = source.replacingOccurrences(of: "(?P<", with: "(?<")
    do {
      whole = try NSRegularExpression(pattern: #"\A(?:"# + plain + #")\z"#)
      prefix = try NSRegularExpression(pattern: #"\A(?:"# + plain + ")")
    } catch {
      throw AdapterError("'\(source)' is not a regular expression: mend it, or give a list of names")
    }
  }

  /// Python's `re.fullmatch`.
  func matchesWhole(_ name: String) -> Bool {
    whole.firstMatch(in: name, range: NSRange(name.startIndex..., in: name)) != nil
  }

  /// The first capture of a match at the beginning (Python's `re.match`); nil without a match.
  func capture(atStartOf name: String) -> String? {
    guard let match = prefix.firstMatch(in: name, range: NSRange(name.startIndex..., in: name)),
      match.numberOfRanges > 1, let range = Range(match.range(at: 1), in: name)
    else { return nil }
    return String(name[range])
  }
}
