import JSON

/// Something that can be found in text.
protocol Pattern: Sendable {
  /// Whether matches follow each other without gaps, and none is empty.
  var coversEverything: Bool { get }

  /// Adds the matches in `range`, in order and apart from each other, to `matches`. What lies outside `range` does
  /// not exist for the pattern.
  ///
  /// - Throws: `TokenizerError` when the search had to be given up.
  func find(in text: UnsafePointer<UInt8>, _ range: Range<Int>, _ matches: inout [Span]) throws
}

extension Pattern {
  var coversEverything: Bool { false }
}

/// The pattern in the field `pattern` of a component: `{"String": ...}` or `{"Regex": ...}`.
///
/// - Throws: `TokenizerError` when it is neither, or malformed.
func pattern(_ fields: Fields) throws -> any Pattern {
  let pattern = try fields.fields("pattern")
  if pattern["String"] != nil { return LiteralPattern(try pattern.string("String")) }
  guard pattern["Regex"] != nil else { throw fields.missing("pattern", "a String or a Regex") }
  return try regularExpression(try pattern.string("Regex"), at: "\(pattern.path).Regex")
}

/// The scanner written for a well-known expression, or the expression itself.
///
/// - Throws: `TokenizerError` when the expression is malformed.
func regularExpression(_ source: String, at path: String) throws -> any Pattern {
  if let scanner = knownScanner(source) { return scanner }
  do {
    return try RegularExpression(source)
  } catch let error as TokenizerError {
    throw TokenizerError("\(error.message), at \(path)")
  }
}

/// A fixed text.
struct LiteralPattern: Pattern {
  private let literal: [UInt8]

  init(_ literal: String) { self.literal = Array(literal.utf8) }

  func find(in text: UnsafePointer<UInt8>, _ range: Range<Int>, _ matches: inout [Span]) {
    guard let first = literal.first else {
      // Nothing is found before every character, and at the end.
      for position in range where !isContinuation(text[position]) { matches.append(Span(position, position)) }
      if !range.isEmpty { matches.append(Span(range.upperBound, range.upperBound)) }
      return
    }
    var position = range.lowerBound
    while position + literal.count <= range.upperBound {
      if text[position] == first, isHere(text + position) {
        matches.append(Span(position, position + literal.count))
        position += literal.count
      } else {
        position += 1
      }
    }
  }

  @inline(__always)
  private func isHere(_ text: UnsafePointer<UInt8>) -> Bool {
    for index in literal.indices where text[index] != literal[index] { return false }
    return true
  }
}

/// Characters with some property, each a match of its own.
struct ScalarPattern: Pattern {
  let isMember: @Sendable (UInt32) -> Bool

  func find(in text: UnsafePointer<UInt8>, _ range: Range<Int>, _ matches: inout [Span]) {
    var position = range.lowerBound
    while position < range.upperBound {
      let next = scalar(text, at: position)
      if isMember(next.value) { matches.append(Span(position, position + next.length)) }
      position += next.length
    }
  }
}
