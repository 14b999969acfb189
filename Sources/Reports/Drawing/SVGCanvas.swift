/// Draws as SVG elements whose colours are CSS variables.

public struct SVGCanvas: Canvas {
  private var elements: [String] = []

  public init() {}

  public mutating func fill(_ polygon: [Point], with paint: Paint) {
    guard polygon.count > 2 else { return }
    elements.append("<path d=\"\(path(polygon))Z\"\(attributes(fill: paint))/>")
  }

  public mutating func fill(_ rectangle: Rectangle, cornerRadius: Double, with paint: Paint) {
    let corner = cornerRadius > 0 ? " rx=\"\(number(cornerRadius))\"" : ""
    elements.append(
      """
      <rect x="\(number(rectangle.left))" y="\(number(rectangle.top))" \
      width="\(number(max(0, rectangle.width)))" height="\(number(max(0, rectangle.height)))"\(corner)\
      \(attributes(fill: paint))/>
      """)
  }

  public mutating func circle(at center: Point, radius: Double, with paint: Paint) {
    elements.append(
      "<circle cx=\"\(number(center.x))\" cy=\"\(number(center.y))\" r=\"\(number(max(0, radius)))\""
        + "\(attributes(fill: paint))/>")
  }

  public mutating func stroke(_ points: [Point], width: Double, dash: [Double], with paint: Paint) {
    guard points.count > 1 else { return }
    let dashes = dash.isEmpty ? "" : " stroke-dasharray=\"\(dash.map(number).joined(separator: " "))\""
    let opacity = paint.opacity < 1 ? " stroke-opacity=\"\(number(paint.opacity))\"" : ""
    elements.append(
      """
      <path d="\(path(points))" fill="none" stroke="var(\(paint.role.variable))" \
      stroke-width="\(number(width))" stroke-linecap="round" stroke-linejoin="round"\(dashes)\(opacity)/>
      """)
  }

  public mutating func text(_ text: String, at point: Point, style: TextStyle) {
    guard !text.isEmpty else { return }
    let anchor =
      switch style.anchor {
      case .start: ""
      case .middle: " text-anchor=\"middle\""
      case .end: " text-anchor=\"end\""
      }
    elements.append(
      """
      <text x="\(number(point.x))" y="\(number(point.y))" font-size="\(number(style.size))"\
      \(style.bold ? " font-weight=\"600\"" : "")\(anchor)\(attributes(fill: style.paint))>\
      \(Markup.escape(text))</text>
      """)
  }

  /// The finished drawing.
  ///
  /// - Parameters:
  ///   - id: A prefix for identifiers, to be different for each drawing on a page.
  ///   - standalone: Whether to carry the colours of both themes and the background, as a file of its own needs;
  ///     a page that declares the variables itself asks for neither.
  public func document(size: Size, title: String, description: String, id: String, standalone: Bool) -> String
  {
    let name = Markup.escape(id)
    let style = standalone ? "<style>\(Theme.styleSheet(selector: ":root"))</style>" : ""
    let background = standalone ? "<rect width=\"100%\" height=\"100%\" fill=\"var(--paper)\"/>" : ""
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(size.width)) \(number(size.height))" \
      width="\(number(size.width))" height="\(number(size.height))" role="img" \
      aria-labelledby="\(name)-title \(name)-description" \
      font-family="system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif" \
      style="font-variant-numeric:tabular-nums">
      <title id="\(name)-title">\(Markup.escape(title))</title>
      <desc id="\(name)-description">\(Markup.escape(description))</desc>
      \(style)\(background)
      \(elements.joined(separator: "\n"))
      </svg>

      """
  }

  private func attributes(fill paint: Paint) -> String {
    " fill=\"var(\(paint.role.variable))\""
      + (paint.opacity < 1 ? " fill-opacity=\"\(number(paint.opacity))\"" : "")
  }

  private func path(_ points: [Point]) -> String {
    "M" + points.map { "\(number($0.x)) \(number($0.y))" }.joined(separator: "L")
  }

  /// Coordinates to a hundredth of a pixel: more would only make the file longer.
  private func number(_ value: Double) -> String {
    Numbers.compact(value)
  }
}
