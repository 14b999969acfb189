/// What stands above a chart's picture: its title, a note and a legend.

struct Heading {
  let title: String
  let note: String
  /// Names of the series, in order; one alone needs no legend.
  let legend: [String]

  static let margin = 16.0

  /// The height of the heading above a picture `width` wide.
  func height(width: Double) -> Double {
    41 + (note.isEmpty ? 0 : 18) + (legendPlaces(width: width).last.map { $0.y + 21 } ?? 0)
  }

  /// Draws the heading and returns where the picture can begin.
  func draw(on canvas: inout some Canvas, width: Double) -> Double {
    let titleStyle = TextStyle(size: 15, bold: true)
    let text = TextMetrics.keepingStart(of: title, titleStyle, width: width - 2 * Heading.margin)
    canvas.text(text, at: Point(Heading.margin, 27), style: titleStyle)
    let noteStyle = TextStyle(size: 12, paint: .muted)
    if !note.isEmpty {
      let text = TextMetrics.keepingStart(of: note, noteStyle, width: width - 2 * Heading.margin)
      canvas.text(text, at: Point(Heading.margin, 45), style: noteStyle)
    }
    let top = note.isEmpty ? 48.0 : 66
    for (index, place) in legendPlaces(width: width).enumerated() {
      let swatch = Rectangle(left: place.x, top: top + place.y - 8.5, width: 14, height: 8)
      canvas.fill(swatch, cornerRadius: 2.5, with: .series(index))
      canvas.text(legend[index], at: Point(place.x + 20, top + place.y), style: TextStyle(size: 12))
    }
    return height(width: width)
  }

  /// Where the names go, in as many rows as they need, relative to the first row's baseline.
  private func legendPlaces(width: Double) -> [Point] {
    guard legend.count > 1 else { return [] }
    var place = Point(Heading.margin, 0)
    return legend.map { name in
      let needed = 20 + TextMetrics.width(of: name, TextStyle(size: 12))
      if place.x > Heading.margin, place.x + needed > width - Heading.margin {
        place = Point(Heading.margin, place.y + 18)
      }
      defer { place.x += needed + 18 }
      return place
    }
  }
}
