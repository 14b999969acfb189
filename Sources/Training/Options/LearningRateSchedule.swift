import Configuration
import Foundation

/// How the learning rate changes over a run, as transformers' `get_scheduler` has it.
///
/// Steps count from 0, so the first step of a warm-up has rate 0.
public enum LearningRateSchedule: String, CaseIterable, ConfigurationValue {
  case constant
  case linear
  case cosine

  /// What to multiply the learning rate by.
  ///
  /// - Parameters:
  ///   - step: optimizer steps done before this one.
  ///   - warmup: steps over which the rate rises from 0, in proportion.
  ///   - total: steps of the whole run; the rate falls to 0 there unless it is constant.
  public func factor(step: Int, warmup: Int, total: Int) -> Double {
    if step < warmup { return Double(step) / Double(max(1, warmup)) }
    let rest = Double(max(1, total - warmup))
    switch self {
    case .constant: return 1
    case .linear: return max(0, Double(total - step) / rest)
    case .cosine: return max(0, 0.5 * (1 + cos(.pi * (Double(step - warmup) / rest))))
    }
  }
}
