/// A small sans-serif of strokes for pictures made without the system's fonts.

struct StrokeFont {
  let size: Double
  let bold: Bool

  /// Units of the glyph design per em: capitals are 14 high, the letter x is 10.
  private static let unitsPerEm = 19.5
  /// Space that each glyph carries in all, left and right of its ink.
  private static let spacing = 3.3

  private var scale: Double { size / StrokeFont.unitsPerEm }

  var strokeWidth: Double { scale * (bold ? 2.35 : 1.6) }

  func width(of text: String) -> Double {
    StrokeFont.glyphs(of: text).reduce(0) { $0 + advance($1) }
  }

  /// The strokes of `text`, starting at `origin` on the baseline.
  func lines(of text: String, at origin: Point) -> [[Point]] {
    var x = origin.x + scale * StrokeFont.spacing / 2
    var lines: [[Point]] = []
    for glyph in StrokeFont.glyphs(of: text) {
      for line in glyph.lines {
        lines.append(line.map { Point(x + scale * $0.x, origin.y - scale * $0.y) })
      }
      x += advance(glyph)
    }
    return lines
  }

  private func advance(_ glyph: StrokeGlyph) -> Double {
    scale * (glyph.width + StrokeFont.spacing + (bold ? 0.5 : 0))
  }

  /// The glyphs of `text`; a letter with a mark that we do not draw stands without it, and what has no glyph at all is
  /// a box.
  private static func glyphs(of text: String) -> [StrokeGlyph] {
    text.compactMap { character in
      if let glyph = StrokeGlyph.designs[character] { return glyph }
      if character.unicodeScalars.allSatisfy({ $0.properties.generalCategory == .control }) { return nil }
      let base = String(character).decomposed.unicodeScalars.first.map { Character($0) }
      return base.flatMap { StrokeGlyph.designs[$0] } ?? StrokeGlyph.missing
    }
  }
}
