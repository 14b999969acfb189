/// A page that tells how a run went: one file, without anything to load, in light and dark.
public struct HTMLReport: Sendable {
  /// A number worth seeing first.
  public struct KeyNumber: Sendable, Hashable {
    public var label: String
    public var value: String
    /// What it compares with, in small print.
    public var note: String

    public init(_ label: String, _ value: String, note: String = "") {
      self.label = label
      self.value = value
      self.note = note
    }
  }

  /// What the model wrote for a prompt, before and after training.
  public struct Sample: Sendable, Hashable {
    public var prompt: String
    public var expected: String?
    public var before: String?
    public var after: String

    public init(prompt: String, expected: String? = nil, before: String? = nil, after: String) {
      self.prompt = prompt
      self.expected = expected
      self.before = before
      self.after = after
    }
  }

  /// A table of names and values.
  public struct Table: Sendable, Hashable {
    public var title: String
    public var rows: [(name: String, value: String)]

    public init(_ title: String, _ rows: [(name: String, value: String)]) {
      self.title = title
      self.rows = rows
    }

    public static func == (left: Table, right: Table) -> Bool {
      left.title == right.title && left.rows.elementsEqual(right.rows, by: ==)
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(title)
      for row in rows {
        hasher.combine(row.name)
        hasher.combine(row.value)
      }
    }
  }

  public var title: String
  public var subtitle: String
  /// What the reader must know before trusting the numbers.
  public var warnings: [String]
  public var keyNumbers: [KeyNumber]
  public var charts: [any Chart]
  public var samples: [Sample]
  public var tables: [Table]
  /// Commands to run, such as how to use the result.
  public var commands: [String]

  public init(
    title: String, subtitle: String = "", warnings: [String] = [], keyNumbers: [KeyNumber] = [],
    charts: [any Chart] = [], samples: [Sample] = [], tables: [Table] = [], commands: [String] = []
  ) {
    self.title = title
    self.subtitle = subtitle
    self.warnings = warnings
    self.keyNumbers = keyNumbers
    self.charts = charts
    self.samples = samples
    self.tables = tables
    self.commands = commands
  }

  /// The whole page.
  public func html() -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(Markup.escape(title))</title>
    <style>
    \(Theme.styleSheet(selector: ":root"))
    \(HTMLReport.style)
    </style>
    </head>
    <body>
    <main>
    \(sections.filter { !$0.isEmpty }.joined(separator: "\n"))
    </main>
    </body>
    </html>

    """
  }
}
