/// Splits where the script changes; Japanese kana and ideographs are one script.
///
/// Characters of no script stay with what is before them, and are dropped where nothing is: the reference
/// implementation does so.
struct UnicodeScriptsPreTokenizer: PreTokenizer {
  func split(_ text: inout PreTokenizedText) {
    var cut: [Span] = []
    text.text.withBytes { bytes in
      for piece in text.pieces {
        var last = Self.noScript
        var start: Int?
        var position = piece.lower
        while position < piece.upper {
          let next = scalar(bytes, at: position)
          let script = classes[next.value]
          if script != Self.noScript, script != last {
            if let start { cut.append(Span(start, position)) }
            start = position
            last = script
          }
          position += next.length
        }
        if let start { cut.append(Span(start, piece.upper)) }
      }
    }
    text.pieces = cut
  }

  private static let noScript: Int32 = -1
}

private let classes: ScalarIDs = {
  var pairs: [(scalar: UInt32, id: Int32)] = []
  forEachItem(in: ScriptClassTable.ranges) { item in
    for range in UnicodeProperty.stretches(item.dropFirst()) {
      for scalar in range { pairs.append((scalar, Int32(item[0]))) }
    }
  }
  return ScalarIDs(pairs)
}()
