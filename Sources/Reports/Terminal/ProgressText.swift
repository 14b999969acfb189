/// What a progress line says, in as many columns as there are.

struct ProgressText {
  let label: String
  let status: ProgressStatus
  let timeLeft: Double?
  let isUnicode: Bool
  let hasColor: Bool

  private var ellipsis: String { isUnicode ? "…" : "..." }

  private var remaining: String? {
    timeLeft.map { "\(Numbers.duration($0.rounded())) left" }
  }

  private var percent: String? {
    status.share.map { share in
      let text = "\(Int((share * 100).rounded(.down)))%"
      return String(repeating: " ", count: max(0, 4 - text.count)) + text
    }
  }

  /// A line that stands by itself in a log.
  var plain: String {
    let position = String(status.position.drop { $0 == " " })
    return ([[label, position].filter { !$0.isEmpty }.joined(separator: " ")] + status.fields + [remaining])
      .compactMap { $0 }.map { ascii($0) }.joined(separator: ", ")
  }

  /// A line no wider than `width`: the bar shrinks first, then the last fields go, then the bar.
  func live(width: Int) -> String {
    let head = [label, status.position].filter { !$0.isEmpty }.joined(separator: " ")
    let tail = [remaining].compactMap { $0 }
    for count in stride(from: status.fields.count, through: 0, by: -1) {
      let texts = [head] + [percent].compactMap { $0 } + status.fields.prefix(count) + tail
      // Two spaces between parts, and the bar with its own two.
      let taken = texts.reduce(0) { $0 + DisplayWidth.of($1) + 2 }
      guard let share = status.share else {
        if taken - 2 <= width { return joined(texts) }
        continue
      }
      let room = width - taken
      if room >= 8 { return joined([head, bar(share, width: min(room, 32))] + texts.dropFirst()) }
    }
    let short = [head] + [percent, status.fields.first].compactMap { $0 }
    return DisplayWidth.fitted(joined(short), to: width, ellipsis: ellipsis)
  }

  private func joined(_ parts: [String]) -> String { parts.map { ascii($0) }.joined(separator: "  ") }

  private func bar(_ share: Double, width: Int) -> String {
    guard isUnicode else {
      let full = Int(share * Double(width - 2))
      return "[" + String(repeating: "=", count: full) + String(repeating: " ", count: width - 2 - full) + "]"
    }
    // Half a cell is the finest step of these characters.
    let halves = Int(share * Double(width * 2))
    let done = String(repeating: "━", count: halves / 2) + (halves % 2 == 1 ? "╸" : "")
    let rest = String(repeating: "━", count: width - (halves + 1) / 2)
    guard hasColor else { return done + String(repeating: "─", count: width - (halves + 1) / 2) }
    return "\u{1B}[36m\(done)\u{1B}[90m\(rest)\u{1B}[0m"
  }

  private func ascii(_ text: String) -> String {
    isUnicode ? text : String(text.map { $0 == "–" ? "-" : $0 })
  }
}
