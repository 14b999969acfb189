/// Finds stop texts in text that comes in pieces, and holds back what may be the beginning of one.
struct StopText {
  private let stops: [[UInt8]]
  /// Text that is not out yet.
  private var held: [UInt8] = []
  /// The stop text that was found.
  private(set) var found: String?

  init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty } }

  /// The text that is certainly before any stop text; once one is ``found``, nothing more comes.
  mutating func append(_ piece: String) -> String {
    guard found == nil else { return "" }
    held += Array(piece.utf8)
    let hits = stops.compactMap { stop in Self.place(of: stop, in: held).map { ($0, stop) } }
    // The earliest one counts, of those at one place the longest.
    if let (place, stop) = hits.min(by: { ($0.0, -$0.1.count) < ($1.0, -$1.1.count) }) {
      found = String(decoding: stop, as: UTF8.self)
      held = Array(held[..<place])
      return finish()
    }
    let kept = stops.map { Self.overlap(held, $0) }.max() ?? 0
    let out = held.dropLast(kept)
    held = Array(held.suffix(kept))
    return String(decoding: out, as: UTF8.self)
  }

  /// What was held back, when the text ends otherwise.
  mutating func finish() -> String {
    defer { held = [] }
    return String(decoding: held, as: UTF8.self)
  }

  private static func place(of stop: [UInt8], in text: [UInt8]) -> Int? {
    guard text.count >= stop.count else { return nil }
    return (0...(text.count - stop.count)).first { text[$0...].starts(with: stop) }
  }

  /// How many bytes at the end of `text` begin `stop`.
  private static func overlap(_ text: [UInt8], _ stop: [UInt8]) -> Int {
    (0..<min(stop.count, text.count + 1)).last { text.suffix($0).elementsEqual(stop.prefix($0)) } ?? 0
  }
}
