import NN

/// A regular expression over module names, as Python's `re` reads it.
struct NamePattern {
  private let regex: Regex<AnyRegexOutput>
  let source: String

  /// - Throws: ``AdapterError`` when `source` is not a regular expression.
  init(_ source: String) throws {
    self.source = source
    do {
      regex = try Regex(source).matchingSemantics(.unicodeScalar)
    } catch {
      throw AdapterError("'\(source)' is not a regular expression: mend it, or give a list of names")
    }
  }

  /// Python's `re.fullmatch`.
  func matchesWhole(_ name: String) -> Bool { (try? regex.wholeMatch(in: name)) ?? nil != nil }

  /// The first capture of a match at the beginning (Python's `re.match`); nil without a match.
  func capture(atStartOf name: String) -> String? {
    guard let match = (try? regex.prefixMatch(in: name)) ?? nil, match.output.count > 1 else { return nil }
    return match.output[1].substring.map(String.init)
  }
}
