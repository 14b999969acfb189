/// Colours by role, so that one drawing suits light and dark pages.

/// An sRGB colour.
public struct Color: Sendable, Hashable {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// A colour from `0xRRGGBB`.
  init(_ hex: UInt32) {
    self.init(UInt8(hex >> 16 & 0xFF), UInt8(hex >> 8 & 0xFF), UInt8(hex & 0xFF))
  }

  /// `#rrggbb`.
  public var hex: String {
    let digits = Array("0123456789abcdef")
    let nibbles = [red >> 4, red & 15, green >> 4, green & 15, blue >> 4, blue & 15]
    return "#" + String(nibbles.map { digits[Int($0)] })
  }
}

/// What to paint with: a role that the theme gives its colour, and how much of what lies below it covers.
public struct Paint: Sendable, Hashable {
  public enum Role: Sendable, Hashable {
    /// The background of the drawing.
    case paper
    /// Text and whatever must be read first.
    case ink
    /// Secondary text.
    case muted
    /// The lines that a value is read against.
    case grid
    /// The lines that carry the axes.
    case axis
    /// The colour of the nth series; colours repeat after `Theme.seriesCount`.
    case series(Int)
  }

  public var role: Role
  public var opacity: Double

  public init(_ role: Role, opacity: Double = 1) {
    self.role = role
    self.opacity = min(max(opacity, 0), 1)
  }

  public static let paper = Paint(.paper)
  public static let ink = Paint(.ink)
  public static let muted = Paint(.muted)
  public static let grid = Paint(.grid)
  public static let axis = Paint(.axis)
  public static func series(_ index: Int, opacity: Double = 1) -> Paint {
    Paint(.series(index), opacity: opacity)
  }
}

/// The colour of each role.
public struct Theme: Sendable, Hashable {
  public var paper: Color
  public var ink: Color
  public var muted: Color
  public var grid: Color
  public var axis: Color
  /// Neighbours differ in lightness as well as hue, so that they stay apart for colour-blind readers and in print.
  public var series: [Color]

  public static let seriesCount = 8

  public static let light = Theme(
    paper: Color(0xFFFFFF), ink: Color(0x1B1F27), muted: Color(0x687080), grid: Color(0xECEEF2),
    axis: Color(0xC6CBD5),
    series: [
      Color(0x2F5FE0), Color(0xE8730C), Color(0x0E8A66), Color(0xC4286F),
      Color(0x7A4FD9), Color(0x0B87A8), Color(0xA9821A), Color(0x5B6472),
    ])

  public static let dark = Theme(
    paper: Color(0x171A20), ink: Color(0xE9EBEF), muted: Color(0x9AA3B2), grid: Color(0x272C35),
    axis: Color(0x454C59),
    series: [
      Color(0x7FA5FF), Color(0xFFA25C), Color(0x4ECBA0), Color(0xFF82B4),
      Color(0xB59BFF), Color(0x58C7E3), Color(0xE3BE5A), Color(0xA6AFBD),
    ])

  subscript(role: Paint.Role) -> Color {
    switch role {
    case .paper: paper
    case .ink: ink
    case .muted: muted
    case .grid: grid
    case .axis: axis
    case .series(let index):
      series.isEmpty ? ink : series[Int(index.magnitude % UInt(series.count))]
    }
  }
}

extension Paint.Role {
  /// The CSS variable that carries this role's colour on a page.
  var variable: String {
    switch self {
    case .paper: "--paper"
    case .ink: "--ink"
    case .muted: "--muted"
    case .grid: "--grid"
    case .axis: "--axis"
    case .series(let index): "--series-\(Int(index.magnitude % UInt(Theme.seriesCount)) + 1)"
    }
  }

  static var all: [Paint.Role] {
    [.paper, .ink, .muted, .grid, .axis] + (0..<Theme.seriesCount).map { .series($0) }
  }
}

extension Theme {
  /// The declarations that give every role its CSS variable.
  var variables: String {
    Paint.Role.all.map { "\($0.variable):\(self[$0].hex)" }.joined(separator: ";")
  }

  /// A style sheet that follows the reader's preference for light or dark.
  static func styleSheet(selector: String) -> String {
    """
    \(selector){\(light.variables);color-scheme:light dark}\
    @media (prefers-color-scheme:dark){\(selector){\(dark.variables)}}
    """
  }
}
