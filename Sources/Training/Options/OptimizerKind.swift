import Configuration
import Foundation

/// How gradients become updates.
public enum OptimizerKind: String, CaseIterable, ConfigurationValue {
  case adamW = "adamw"
  /// LoRA-FA: AdamW on projected gradients of B alone, with the epsilon of the older AdamW.
  case loraFA = "lora-fa"

  var defaultEpsilon: Double { self == .adamW ? 1e-8 : 1e-6 }

  /// The epsilon for `torch.optim.AdamW`'s formula at an update (1 for the first).
  ///
  /// LoRA-FA's reference adds it before the second moment's bias is corrected, as transformers' AdamW did.
  func epsilon(_ value: Double, update: Int, beta2: Double) -> Double {
    guard self == .loraFA else { return value }
    return value / (1 - pow(beta2, Double(update))).squareRoot()
  }
}
