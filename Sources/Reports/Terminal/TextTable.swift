/// Columns of text that line up in a terminal.
public struct TextTable: Sendable, Hashable {
  public enum Alignment: Sendable, Hashable { case left, right }

  public struct Column: Sendable, Hashable {
    public var title: String
    public var alignment: Alignment
    /// Longer cells are cut to this many columns of the terminal.
    public var maximumWidth: Int

    public init(_ title: String, _ alignment: Alignment = .left, maximumWidth: Int = 60) {
      self.title = title
      self.alignment = alignment
      self.maximumWidth = max(1, maximumWidth)
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

  /// The table, a line for each row, each line ended; titles stand over a rule, unless all are empty.
  public func text() -> String {
    let hasTitles = columns.contains { !$0.title.isEmpty }
    let cells = ((hasTitles ? [columns.map(\.title)] : []) + rows).map(fitted)
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
