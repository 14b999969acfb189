/// Columns of text that line up in a terminal.
public struct TextTable: Sendable, Hashable {
  public enum Alignment: Sendable, Hashable { case left, right }

  public struct Column: Sendable, Hashable {
    public var title: String
    public var alignment: Alignment
    /// Longer cells are cut to this many columns of the terminal.
    public var maximumWidth: Int
    /// Whether longer cells go on in further lines, broken between words, instead of being cut.
    public var wraps: Bool

    public init(
      _ title: String, _ alignment: Alignment = .left, maximumWidth: Int = 60, wraps: Bool = false
    ) {
      self.title = title
      self.alignment = alignment
      self.maximumWidth = max(1, maximumWidth)
      self.wraps = wraps
    }
  }

  public var columns: [Column]
  /// Rows may be shorter or longer than the columns; what is missing is empty, what is beyond is not shown.
  public var rows: [[String]]

  public init(_ columns: [Column], rows: [[String]] = []) {
    self.columns = columns
    self.rows = rows
  }

  public mutating func append(_ row: [String]) { rows.append(row) }

  /// The table, each line ended; titles stand over a rule, unless all are empty.
  public func text() -> String {
    let hasTitles = columns.contains { !$0.title.isEmpty }
    let cells = ((hasTitles ? [columns.map(\.title)] : []) + rows.flatMap(wrapped)).map(fitted)
    let widths = columns.indices.map { index in cells.map { DisplayWidth.of($0[index]) }.max() ?? 0 }
    var lines = cells.map { line($0, widths) }
    if hasTitles {
      lines.insert(widths.map { String(repeating: "─", count: $0) }.joined(separator: "  "), at: 1)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The table in Markdown, for documentation.
  public func markdown() -> String {
    let rules = columns.map { $0.alignment == .left ? "---" : "---:" }
    let escaped = ([columns.map(\.title)] + rows).map { row in
      columns.indices.map { index in
        let cell = index < row.count ? DisplayWidth.fitted(row[index]) : ""
        return cell.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
      }
    }
    let lines = escaped.prefix(1) + [rules] + escaped.dropFirst()
    return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }

  /// A row as the lines that it takes.
  private func wrapped(_ row: [String]) -> [[String]] {
    let parts = columns.indices.map { index -> [String] in
      guard index < row.count else { return [] }
      return columns[index].wraps ? Self.broken(row[index], at: columns[index].maximumWidth) : [row[index]]
    }
    let height = max(1, parts.map(\.count).max() ?? 1)
    return (0..<height).map { line in parts.map { line < $0.count ? $0[line] : "" } }
  }

  private static func broken(_ text: String, at width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(whereSeparator: \.isWhitespace) {
      if let last = lines.last, DisplayWidth.of(last) + 1 + DisplayWidth.of(String(word)) <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  private func fitted(_ row: [String]) -> [String] {
    columns.enumerated().map { index, column in
      index < row.count ? DisplayWidth.fitted(row[index], to: column.maximumWidth) : ""
    }
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: max(0, widths[index] - DisplayWidth.of(cell)))
      line += (index == 0 ? "" : "  ") + (columns[index].alignment == .left ? cell + padding : padding + cell)
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}
