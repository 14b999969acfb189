/// Charts draw whatever they are given, as SVG and as pixels, and say in words what they show.
import Foundation
import Testing

@testable import Reports

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct ChartTests {
  static let loss = LineChart(
    title: "Loss", note: "last 1",
    series: [Series("train", (0..<40).map { Point(Double($0), 4 / Double($0 + 1)) })],
    markers: [.init(x: 10, label: "best")])

  static let examples: [any Chart] = [
    loss,
    LineChart(
      title: "Two",
      series: [Series("a", [Point(1, 1), Point(2, 3)], smoothing: 0.5), Series("b", [Point(1, 2)])],
      yAxis: Axis("nats", scaling: .logarithmic)),
    LineChart(title: "None", series: []),
    BarChart(title: "Bars", parts: ["x", "y"], bars: [.init("one", [1, 2]), .init("two", [-1, 0.5])]),
    BarChart(title: "No bars", bars: []),
    HeatMap(
      title: "Ranks", rows: ["l.0.q", "l.1.q"],
      columns: .positions([0, 10, 20], Axis("step", format: .count)),
      values: [[8, 8, 4], [8, nil, 2]]),
    HeatMap(title: "Norms", rows: ["0", "1"], columns: .names(["q", "k"]), values: [[1, 2], [3, nil]]),
    HeatMap(title: "Empty", rows: [], columns: .names([]), values: []),
    ScatterChart(
      title: "Scores",
      groups: [.init("LoRA", [.init(x: 10, y: 0.8, deviation: 0.1, label: "r=8"), .init(x: 99, y: 0.7)])],
      xAxis: Axis("parameters", scaling: .logarithmic, format: .count), yAxis: Axis("F1")),
    ScatterChart(title: "No dots", groups: [], xAxis: Axis(), yAxis: Axis()),
  ]

  @Test(arguments: examples.indices)
  func svgIsWellFormedAndNamed(index: Int) throws {
    let chart = ChartTests.examples[index]
    for standalone in [true, false] {
      let svg = try ParsedSVG(chart.svg(id: "c", standalone: standalone))
      #expect(svg.texts["title"] == [chart.title])
      #expect(svg.texts["desc"] == [chart.summary])
      #expect(svg.labelledBy == "c-title c-description")
      #expect((svg.texts["style"] != nil) == standalone)
    }
  }

  @Test(arguments: examples.indices)
  func pngHasTheChartsSize(index: Int) throws {
    let chart = ChartTests.examples[index]
    let png = try DecodedPNG(chart.png(scale: 0.5, theme: .dark))
    #expect(png.width == Int((chart.size.width / 2).rounded(.up)))
    #expect(png.height == Int((chart.size.height / 2).rounded(.up)))
    #expect(Set(png.bytes).count > 3)
  }

  @Test func everythingStaysInsideTheDrawing() {
    for chart in ChartTests.examples {
      var recorder = ExtentRecorder()
      chart.draw(on: &recorder)
      #expect(recorder.left >= 0 && recorder.right <= chart.size.width, "\(chart.title)")
      #expect(recorder.top >= 0 && recorder.bottom <= chart.size.height, "\(chart.title)")
    }
  }

  @Test func hostileNamesAreEscaped() throws {
    let evil = "</text><script>alert('x')</script>&\u{0}\u{1B}\"\u{FFFE}"
    let chart = LineChart(title: evil, note: evil, series: [Series(evil, [Point(0, 0)]), Series(evil, [])])
    let text = chart.svg(id: evil)
    #expect(!text.contains("<script"))
    #expect(try ParsedSVG(text).texts["title"]?.first?.contains("<script>") == true)
  }

  @Test func coloursFollowTheReader() {
    let svg = ChartTests.loss.svg()
    #expect(svg.contains("prefers-color-scheme:dark"))
    #expect(svg.contains("var(--series-1)"))
    #expect(!ChartTests.loss.svg(standalone: false).contains("#"))
  }

  @Test func summariesSayTheNumbers() {
    #expect(
      ChartTests.loss.summary
        == "Line chart over step. train: 40 values from 4 to 0.1, lowest 0.1 at 39, highest 4 at 0.")
    let broken = LineChart(title: "L", series: [Series("", [Point(0, .nan), Point(1, 2)]), Series("e", [])])
    #expect(broken.summary.contains("1 not finite"))
    #expect(broken.summary.contains("e: no values"))
    #expect(ChartTests.examples[3].summary == "Bar chart. one: x 1, y 2; two: x -1, y 0.5.")
    #expect(ChartTests.examples[5].summary == "Heat map of 2 rows and 3 columns. Values from 2 to 8.")
  }

  @Test func aGapInTheValuesIsAGapInTheLine() throws {
    let values: [Double] = [1, 2, .nan, 2, 1]
    let chart = LineChart(title: "L", series: [Series("", values.enumerated().map { Point(Double($0), $1) })])
    let curves = chart.svg().split(separator: "\n").filter { $0.contains("stroke-width=\"2.1\"") }
    #expect(curves.count == 2)
  }

  @Test func longSeriesStaySmall() {
    let points = (0..<200_000).map { Point(Double($0), Double($0 % 1013)) }
    #expect(LineChart(title: "L", series: [Series("", points)]).svg().utf8.count < 60_000)
  }

  @Test func equalNeighboursOfAHeatMapShareARectangle() {
    let row = (0..<500).map { Double?(Double($0 / 250)) }
    let map = HeatMap(
      title: "R", rows: ["a"], columns: .positions((0..<500).map(Double.init), Axis("step")), values: [row])
    let cells = map.svg().split(separator: "\n").filter {
      $0.hasPrefix("<rect x") && $0.contains("height=\"16.5\"")
    }
    #expect(cells.count == 2)
  }

  @Test func labelsInAScatterChartAvoidEachOther() {
    var canvas = SVGCanvas()
    var placement = LabelPlacement(area: Rectangle(left: 0, top: 0, width: 300, height: 200), taken: [])
    for shift in 0..<3 { placement.draw("label", beside: Point(100, 100 + Double(shift)), on: &canvas) }
    for (index, box) in placement.taken.enumerated() {
      #expect(!placement.taken[(index + 1)...].contains { $0.overlaps(box) })
    }
  }

  @Test func anyNumbersCanBeDrawn() throws {
    var random = TestRandom(seed: 11)
    for round in 0..<60 {
      let scalings: [Axis.Scaling] = [.linear, .logarithmic]
      let axes = scalings.map { Axis("x", scaling: $0, format: round % 3 == 0 ? .count : .plain) }
      let values = (0..<Int.random(in: 0..<30, using: &random)).map { _ in
        Point(random.nextValue(), random.nextValue())
      }
      let axis = axes[round % 2]
      let charts: [any Chart] = [
        LineChart(title: "t", series: [Series("", values, smoothing: 0.8)], xAxis: axis, yAxis: axis),
        BarChart(title: "t", bars: values.map { .init("b", [$0.x, $0.y]) }, axis: axis),
        HeatMap(
          title: "t", rows: ["a", "b"], columns: .positions(values.map(\.x), axis),
          values: [values.map(\.y), values.map(\.x)]),
        ScatterChart(
          title: "t",
          groups: [.init("g", values.map { .init(x: $0.x, y: $0.y, deviation: $0.x, label: "l") })],
          xAxis: axis, yAxis: axis),
      ]
      for chart in charts {
        _ = try ParsedSVG(chart.svg())
        if round % 10 == 0 { _ = try DecodedPNG(chart.png(scale: 0.25)) }
      }
    }
  }
}

/// The names and texts of an SVG document, as an XML parser sees it.
final class ParsedSVG: NSObject, XMLParserDelegate {
  struct Malformed: Error { let reason: String }

  private(set) var texts: [String: [String]] = [:]
  private(set) var labelledBy: String?
  /// A place that is not a number.
  private var misplaced: String?
  private var open: [(name: String, text: String)] = []

  init(_ text: String) throws {
    super.init()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = self
    guard parser.parse() else { throw Malformed(reason: "\(String(describing: parser.parserError))") }
    if let misplaced { throw Malformed(reason: misplaced) }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    for place in ["x", "y", "width", "height", "cx", "cy", "r", "d"].compactMap({ attributes[$0] })
    where place.lowercased().contains("n") {
      misplaced = place
    }
    if name == "svg" { labelledBy = attributes["aria-labelledby"] }
    open.append((name, ""))
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    guard !open.isEmpty else { return }
    open[open.count - 1].text += string
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?)
  {
    guard let element = open.popLast() else { return }
    texts[element.name, default: []].append(element.text)
  }
}

/// A canvas that only notes how far the drawing reaches.
struct ExtentRecorder: Canvas {
  var left = Double.infinity
  var right = -Double.infinity
  var top = Double.infinity
  var bottom = -Double.infinity

  private mutating func note(_ point: Point, _ margin: Double = 0) {
    (left, right) = (min(left, point.x - margin), max(right, point.x + margin))
    (top, bottom) = (min(top, point.y - margin), max(bottom, point.y + margin))
  }

  mutating func fill(_ polygon: [Point], with paint: Paint) { for point in polygon { note(point) } }
  mutating func fill(_ rectangle: Rectangle, cornerRadius: Double, with paint: Paint) {
    fill(rectangle.outline(cornerRadius: 0), with: paint)
  }
  mutating func circle(at center: Point, radius: Double, with paint: Paint) { note(center, radius) }
  mutating func stroke(_ points: [Point], width: Double, dash: [Double], with paint: Paint) {
    for point in points { note(point, width / 2) }
  }
  mutating func text(_ text: String, at point: Point, style: TextStyle) {
    guard !text.isEmpty else { return }
    let width = TextMetrics.width(of: text, style)
    let start =
      switch style.anchor {
      case .start: point.x
      case .middle: point.x - width / 2
      case .end: point.x - width
      }
    note(Point(start, point.y))
    note(Point(start + width, point.y - style.size))
  }
}
