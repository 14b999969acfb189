/// Turns values into places along an axis, and chooses the values worth a label.
import Foundation

struct Scale: Sendable {
  struct Tick: Sendable, Hashable {
    let value: Double
    let label: String
  }

  let scaling: Axis.Scaling
  /// The values at both ends.
  let domain: ClosedRange<Double>
  /// Where on the drawing the two ends lie.
  let start: Double
  let end: Double
  let ticks: [Tick]

  /// A scale that shows all of `values`.
  ///
  /// - Parameters:
  ///   - rounded: Whether the ends move out to the next tick, as suits a vertical axis.
  ///   - ticks: About how many labels there is room for.
  init(
    _ values: some Sequence<Double>, axis: Axis, from start: Double, to end: Double, rounded: Bool, ticks: Int
  ) {
    scaling = axis.scaling
    self.start = start
    self.end = end
    let range = Scale.range(of: values, axis: axis)
    switch axis.scaling {
    case .linear:
      let step = Scale.step(range, ticks: ticks)
      domain = rounded ? Scale.widened(range, step: step) : range
      self.ticks = Scale.linearTicks(domain, step: step, format: axis.format)
    case .logarithmic:
      let values = Scale.logarithmicValues(range, ticks: ticks)
      let low = rounded ? min(range.lowerBound, values.first ?? .infinity) : range.lowerBound
      let high = rounded ? max(range.upperBound, values.last ?? 0) : range.upperBound
      domain = low...high
      self.ticks = values.filter { (low...high).contains($0) }.map {
        Tick(value: $0, label: axis.format == .count ? Numbers.shortCount($0) : axis.format($0))
      }
    }
  }

  /// Where `value` lies, at an end if beyond it; nil if it has no place on the axis.
  func callAsFunction(_ value: Double) -> Double? {
    guard value.isFinite, scaling == .linear || value > 0 else { return nil }
    let (low, high) = (transformed(domain.lowerBound), transformed(domain.upperBound))
    let inside = min(max(value, domain.lowerBound), domain.upperBound)
    return start + (end - start) * (transformed(inside) - low) / (high - low)
  }

  private func transformed(_ value: Double) -> Double { scaling == .linear ? value : log10(value) }
}

extension Scale {
  /// Values beyond this cannot be told apart on a drawing, and their differences would overflow.
  private static let largest = 1e300

  /// The values' range, never empty.
  private static func range(of values: some Sequence<Double>, axis: Axis) -> ClosedRange<Double> {
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values where axis.shows(value) {
      let value = min(max(value, -largest), largest)
      (low, high) = (min(low, value), max(high, value))
    }
    guard low <= high else { return axis.scaling == .linear ? 0...1 : 1...10 }
    if axis.scaling == .logarithmic {
      (low, high) = (max(low, 1 / largest), max(high, 1 / largest))
      return high / low > 1.0001 ? low...high : (low / 2)...(high * 2)
    }
    if axis.includesZero { (low, high) = (min(low, 0), max(high, 0)) }
    // Room around a constant, so that it runs through the middle.
    let extent = max(low.magnitude, high.magnitude, 1 / largest)
    guard high - low <= extent * 1e-9 else { return low...high }
    return high == 0 ? 0...1 : (low - extent * 0.1)...(high + extent * 0.1)
  }

  /// The power of ten, or its 2- or 5-fold, that divides the range into about `ticks` parts.
  private static func step(_ range: ClosedRange<Double>, ticks: Int) -> Double {
    let raw = (range.upperBound - range.lowerBound) / Double(max(ticks, 1))
    let power = pow(10, log10(raw).rounded(.down))
    let ratio = raw / power
    return power * (ratio <= 1.0001 ? 1 : ratio <= 2.0001 ? 2 : ratio <= 5.0001 ? 5 : 10)
  }

  private static func widened(_ range: ClosedRange<Double>, step: Double) -> ClosedRange<Double> {
    let low = (range.lowerBound / step + 1e-6).rounded(.down) * step
    let high = (range.upperBound / step - 1e-6).rounded(.up) * step
    return min(low, range.lowerBound)...max(high, range.upperBound)
  }

  private static func linearTicks(
    _ domain: ClosedRange<Double>, step: Double, format: Axis.Format
  ) -> [Tick] {
    let first = (domain.lowerBound / step - 1e-6).rounded(.up)
    let last = (domain.upperBound / step + 1e-6).rounded(.down)
    guard first <= last, last - first < 100 else { return [] }
    // What is counted comes in whole numbers.
    let indices = stride(from: first, through: last, by: 1)
    let values = indices.map { $0 == 0 ? 0 : $0 * step }.filter { format != .count || $0 == $0.rounded() }
    return values.map { Tick(value: $0, label: label($0, step: step, domain: domain, format: format)) }
  }

  /// As many decimals as the step has, the same for all labels of an axis.
  private static func label(
    _ value: Double, step: Double, domain: ClosedRange<Double>, format: Axis.Format
  ) -> String {
    guard format == .plain || format == .count else { return format(value) }
    let extent = max(domain.lowerBound.magnitude, domain.upperBound.magnitude)
    if format == .count {
      // 20 k rather than 20.0 k, and 12.5 k where the steps need it.
      return extent < 10_000 ? format(value) : Numbers.shortCount(value)
    }
    let decimals = Int(max(0, -log10(step * 1.0001).rounded(.down)))
    guard decimals <= 4, extent < 1e5 else { return Numbers.significant(value, 3) }
    return Numbers.fixed(value, decimals)
  }

  /// Powers of ten, with their 2- and 5-fold where the range is short and every nth where it is long.
  private static func logarithmicValues(_ range: ClosedRange<Double>, ticks: Int) -> [Double] {
    let first = Int((log10(range.lowerBound) + 1e-9).rounded(.down))
    let last = Int((log10(range.upperBound) - 1e-9).rounded(.up))
    let decades = last - first
    let mantissas: [Double] = decades <= max(1, ticks / 3) ? [1, 2, 5] : [1]
    let every = max(1, (decades + ticks - 1) / max(ticks, 1))
    let values = stride(from: first, through: last, by: every).flatMap { exponent in
      mantissas.map { $0 * pow(10, Double(exponent)) }
    }
    // The next value beyond each end, and all between.
    let below = values.last { $0 <= range.lowerBound * 1.0001 } ?? range.lowerBound
    let above = values.first { $0 >= range.upperBound * 0.9999 } ?? range.upperBound
    return values.filter { $0 >= below && $0 <= above }
  }
}
