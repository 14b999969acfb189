/// Shapes cover the pixels they should, by the amount they should.
import Testing

@testable import Reports

@Suite struct RasterTests {
  private let bitmap = Bitmap(width: 40, height: 30, background: Color(0, 0, 0))

  private func coverage(_ polygon: [Point]) throws -> Coverage {
    var coverage = try #require(Coverage(around: polygon, margin: 1, in: bitmap))
    coverage.addPolygon(polygon)
    return coverage
  }

  @Test func aRectangleCoversPartsOfItsEdgePixels() throws {
    let coverage = try coverage(Rectangle(left: 2.25, top: 3.5, width: 2, height: 1).outline(cornerRadius: 0))
    func value(_ x: Int, _ y: Int) -> Float {
      coverage.values[(y - coverage.top) * coverage.width + x - coverage.left].magnitude
    }
    #expect(abs(value(2, 3) - 0.375) < 1e-5)
    #expect(abs(value(3, 3) - 0.5) < 1e-5)
    #expect(abs(value(4, 4) - 0.125) < 1e-5)
    #expect(abs(value(5, 3)) < 1e-5)
  }

  @Test func polygonsCoverTheirArea() throws {
    var random = TestRandom(seed: 3)
    for _ in 0..<200 {
      let triangle = (0..<3).map { _ in
        Point(Double.random(in: 1...39, using: &random), Double.random(in: 1...29, using: &random))
      }
      let (a, b, c) = (triangle[0], triangle[1], triangle[2])
      let area = ((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) / 2
      let sum = try coverage(triangle).values.reduce(0, +)
      #expect(abs(Double(sum).magnitude - area.magnitude) < 1e-3 * (1 + area.magnitude))
    }
  }

  @Test func whatLiesOutsideThePictureIsCutOff() throws {
    let wide = [Point(-1000, -1000), Point(1000, -1000), Point(1000, 1000), Point(-1000, 1000)]
    let all = try coverage(wide)
    #expect(all.values.allSatisfy { abs($0.magnitude - 1) < 1e-4 })
    #expect(Coverage(around: [Point(100, 100), Point(120, 120)], margin: 1, in: bitmap) == nil)
    #expect(Coverage(around: [Point(.nan, 0)], margin: 1, in: bitmap) == nil)
    #expect(Coverage(around: [], margin: 1, in: bitmap) == nil)
  }

  @Test func aLineIsAsWideAsAsked() {
    var canvas = RasterCanvas(size: Size(40, 30), scale: 1)
    canvas.line(Point(5, 15), Point(35, 15), width: 4, with: .ink)
    let ink = Theme.light[.ink]
    #expect((13...16).allSatisfy { canvas.bitmap.color(x: 20, y: $0) == ink })
    #expect(canvas.bitmap.color(x: 20, y: 11) == Theme.light[.paper])
    #expect(canvas.bitmap.color(x: 20, y: 18) == Theme.light[.paper])
  }

  @Test func slantedLinesCoverTheirArea() throws {
    for (start, end) in [
      (Point(5, 4), Point(33, 22)), (Point(30, 3), Point(12, 26)), (Point(10, 25), Point(11, 4)),
    ] {
      var coverage = try #require(Coverage(around: [start, end], margin: 4, in: bitmap))
      coverage.addSegment(start, end, halfWidth: 1.5)
      let (dx, dy) = (end.x - start.x, end.y - start.y)
      let area = 3 * (dx * dx + dy * dy).squareRoot() + 1.5 * 1.5 * Double.pi
      #expect(abs(Double(coverage.values.reduce(0, +)) - area) < 0.03 * area)
    }
  }

  @Test func opacityMixesWithWhatLiesBelow() {
    var canvas = RasterCanvas(size: Size(10, 10), scale: 1)
    canvas.fill(Rectangle(left: 0, top: 0, width: 10, height: 10), with: Paint(.ink, opacity: 0.5))
    let (ink, paper, mixed) = (Theme.light[.ink], Theme.light[.paper], canvas.bitmap.color(x: 5, y: 5))
    #expect(abs(Int(mixed.red) - (Int(ink.red) + Int(paper.red)) / 2) <= 1)
    #expect(abs(Int(mixed.blue) - (Int(ink.blue) + Int(paper.blue)) / 2) <= 1)
  }

  @Test func dashesLeaveGaps() {
    #expect(
      Dashes(lengths: [3, 2]).cut([Point(0, 0), Point(10, 0)]) == [
        [Point(0, 0), Point(3, 0)], [Point(5, 0), Point(8, 0)],
      ])
    let corner = Dashes(lengths: [3, 2]).cut([Point(0, 0), Point(2, 0), Point(2, 2)])
    #expect(corner == [[Point(0, 0), Point(2, 0), Point(2, 1)]])
    #expect(Dashes(lengths: [0]).cut([Point(0, 0), Point(1, 0)]).count == 1)
    #expect(Dashes(lengths: [.nan]).cut([Point(0, 0), Point(1, 0)]).count == 1)
  }

  @Test func everyPrintableASCIICharacterIsDrawn() {
    for value in UInt8(33)...126 {
      let character = Character(Unicode.Scalar(value))
      let glyph = StrokeGlyph.designs[character]
      #expect(glyph.map { !$0.lines.isEmpty && $0.width > 0 } == true, "\(character)")
    }
  }

  @Test func textWithoutGlyphsIsStillText() {
    let font = StrokeFont(size: 12, bold: false)
    #expect(font.width(of: "é") == font.width(of: "e"))
    #expect(font.width(of: "\u{7}") == 0)
    #expect(font.width(of: "日") > 0)
    #expect(font.width(of: "") == 0)
    #expect(StrokeFont(size: 12, bold: true).width(of: "loss") > font.width(of: "loss"))
  }

  @Test func textAnchorsAtItsStartMiddleOrEnd() {
    func inkColumns(_ anchor: TextStyle.Anchor) -> [Int] {
      var canvas = RasterCanvas(size: Size(100, 20), scale: 1)
      canvas.text("HHH", at: Point(50, 15), style: TextStyle(size: 14, anchor: anchor))
      return (0..<100).filter { x in
        (0..<20).contains { canvas.bitmap.color(x: x, y: $0) != Theme.light[.paper] }
      }
    }
    #expect(inkColumns(.start).allSatisfy { $0 >= 49 })
    #expect(inkColumns(.end).allSatisfy { $0 <= 50 })
    #expect(inkColumns(.middle).contains { $0 < 45 } && inkColumns(.middle).contains { $0 > 55 })
  }

  @Test func nothingOutsideReasonStopsTheCanvas() {
    var random = TestRandom(seed: 5)
    var canvas = RasterCanvas(size: Size(20, 20), scale: 1)
    for _ in 0..<300 {
      let points = (0..<4).map { _ in Point(random.nextValue(), random.nextValue()) }
      canvas.fill(points, with: .series(Int.random(in: Int.min...Int.max, using: &random)))
      canvas.stroke(points, width: random.nextValue(), dash: [random.nextValue().magnitude, 2], with: .ink)
      canvas.circle(at: points[0], radius: random.nextValue(), with: .muted)
      canvas.text("x", at: points[1], style: TextStyle(size: random.nextValue()))
    }
    #expect(canvas.bitmap.bytes.count == 20 * 20 * 3)
    #expect(RasterCanvas(size: Size(.nan, -5), scale: .infinity).bitmap.bytes.count == 3)
  }
}
