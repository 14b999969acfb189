/// How wide text is, by the stroke font, whose widths are those of common sans-serif fonts within a few percent.

enum TextMetrics {
  static func width(of text: String, _ style: TextStyle) -> Double {
    StrokeFont(size: style.size, bold: style.bold).width(of: text)
  }

  /// `text` without its beginning, if that is what it takes to fit.
  static func keepingEnd(of text: String, _ style: TextStyle, width: Double) -> String {
    fitted(text, style, width) { "…" + text.suffix($0) }
  }

  /// `text` without its end, if that is what it takes to fit.
  static func keepingStart(of text: String, _ style: TextStyle, width: Double) -> String {
    fitted(text, style, width) { text.prefix($0) + "…" }
  }

  private static func fitted(
    _ text: String, _ style: TextStyle, _ limit: Double, shortened: (Int) -> String
  ) -> String {
    guard width(of: text, style) > limit else { return text }
    // No line of a chart holds more characters than this.
    let counts = (1..<max(2, min(text.count, 200))).reversed()
    return counts.lazy.map(shortened).first { width(of: $0, style) <= limit } ?? ""
  }
}
