/// The parts of the report's page, from the top; each is empty when it has nothing to say.

extension HTMLReport {
  var sections: [String] {
    [header, warningList, cards, figures, sampleList, tableList, commandList]
  }

  private var header: String {
    let line = subtitle.isEmpty ? "" : "<p class=\"subtitle\">\(Markup.escape(subtitle))</p>"
    return "<header><h1>\(Markup.escape(title))</h1>\(line)</header>"
  }

  private var warningList: String {
    warnings.map { "<p class=\"warning\">\(Markup.escape($0))</p>" }.joined(separator: "\n")
  }

  private var cards: String {
    guard !keyNumbers.isEmpty else { return "" }
    let cards = keyNumbers.map { number in
      let note = number.note.isEmpty ? "" : "<dd class=\"note\">\(Markup.escape(number.note))</dd>"
      return """
        <div class="card"><dt>\(Markup.escape(number.label))</dt>\
        <dd>\(Markup.escape(number.value))</dd>\(note)</div>
        """
    }
    return "<dl class=\"cards\">\n\(cards.joined(separator: "\n"))\n</dl>"
  }

  private var figures: String {
    guard !charts.isEmpty else { return "" }
    let figures = charts.enumerated().map { index, chart in
      let width = Numbers.compact(chart.size.width)
      let svg = chart.svg(id: "chart-\(index + 1)", standalone: false)
      return "<figure style=\"--width:\(width)px\">\(svg)</figure>"
    }
    return "<section class=\"figures\">\n\(figures.joined(separator: "\n"))\n</section>"
  }

  private var sampleList: String {
    guard !samples.isEmpty else { return "" }
    let articles = samples.map { sample in
      let texts = [
        ("before", sample.before), (sample.before == nil ? "answer" : "after", sample.after as String?),
        ("expected", sample.expected),
      ]
      let columns = texts.compactMap { name, text in
        text.map { "<div class=\"\(name)\"><h3>\(name)</h3><pre>\(Markup.escape($0))</pre></div>" }
      }
      return """
        <article><div class="prompt"><h3>prompt</h3><pre>\(Markup.escape(sample.prompt))</pre></div>
        <div class="answers">\(columns.joined())</div></article>
        """
    }
    return "<section class=\"samples\"><h2>Samples</h2>\n\(articles.joined(separator: "\n"))\n</section>"
  }

  private var tableList: String {
    let full = tables.filter { !$0.rows.isEmpty }
    guard !full.isEmpty else { return "" }
    let sections = full.map { table in
      let rows = table.rows.map { row in
        "<tr><th scope=\"row\">\(Markup.escape(row.name))</th><td>\(Markup.escape(row.value))</td></tr>"
      }
      return """
        <section><h2>\(Markup.escape(table.title))</h2>
        <table>
        \(rows.joined(separator: "\n"))
        </table></section>
        """
    }
    return "<div class=\"tables\">\n\(sections.joined(separator: "\n"))\n</div>"
  }

  private var commandList: String {
    guard !commands.isEmpty else { return "" }
    let lines = commands.map(Markup.escape).joined(separator: "\n")
    return "<section class=\"commands\"><h2>Commands</h2><pre>\(lines)</pre></section>"
  }
}
