/// What becomes of the matches of a pattern that a text is split at.
enum SplitBehavior: String, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// - Throws: `TokenizerError` when the field names none of these.
  init(_ fields: Fields, default standard: SplitBehavior? = nil) throws {
    if let standard, fields["behavior"] == nil {
      self = standard
      return
    }
    guard let behavior = SplitBehavior(rawValue: try fields.string("behavior")) else {
      throw fields.missing("behavior", "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous")
    }
    self = behavior
  }
}

extension PreTokenizedText {
  /// Cuts every piece at the matches of `pattern`; with `isInverted`, at what lies between them.
  mutating func split(
    at pattern: any Pattern, _ behavior: SplitBehavior, isInverted: Bool = false
  ) throws {
    var cut: [Span] = []
    cut.reserveCapacity(pieces.count > 1 ? pieces.count : text.count / 4)
    var matches: [Span] = []
    try text.withBytes { bytes in
      for piece in pieces {
        if pattern.coversEverything, behavior == .isolated {
          try pattern.find(in: bytes, piece.lower..<piece.upper, &cut)
          continue
        }
        matches.removeAll(keepingCapacity: true)
        try pattern.find(in: bytes, piece.lower..<piece.upper, &matches)
        var parts = SplitParts(behavior, &cut)
        var position = piece.lower
        for match in matches {
          if position != match.lower { parts.add(Span(position, match.lower), isMatch: isInverted) }
          parts.add(match, isMatch: !isInverted)
          position = match.upper
        }
        if position != piece.upper { parts.add(Span(position, piece.upper), isMatch: isInverted) }
        cut = parts.finish()
      }
    }
    pieces = cut
  }
}

/// Gathers matches and what lies between them into pieces.
private struct SplitParts {
  private let behavior: SplitBehavior
  private var pieces: [Span]
  private let first: Int
  private var previousMatched = false

  init(_ behavior: SplitBehavior, _ pieces: inout [Span]) {
    self.behavior = behavior
    self.pieces = []
    swap(&self.pieces, &pieces)
    first = self.pieces.count
  }

  @inline(__always)
  mutating func add(_ part: Span, isMatch: Bool) {
    defer { previousMatched = isMatch }
    let joins: Bool
    switch behavior {
    case .isolated: joins = false
    case .removed:
      if isMatch { return }
      joins = false
    case .contiguous: joins = isMatch == previousMatched
    case .mergedWithPrevious: joins = isMatch && !previousMatched
    case .mergedWithNext: joins = !isMatch && previousMatched
    }
    if joins, pieces.count > first {
      pieces[pieces.count - 1].end = part.end
    } else {
      pieces.append(part)
    }
  }

  consuming func finish() -> [Span] {
    if first == pieces.count || !pieces[first...].contains(where: \.isEmpty) { return pieces }
    let kept = pieces[first...].filter { !$0.isEmpty }
    pieces.replaceSubrange(first..., with: kept)
    return pieces
  }
}
