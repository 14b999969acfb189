import Configuration
import Foundation

/// How gradients become updates.
public enum OptimizerKind: String, CaseIterable, ConfigurationValue {
  case adamW = "adamw"
  /// AdamW with its running means in eight bits.
  case adamW8bit = "adamw8bit"
  /// LoRA-FA: AdamW on projected gradients of B alone, with the epsilon of the older AdamW.
  case loraFA = "lora-fa"

  var defaultEpsilon: Double { self == .loraFA ? 1e-6 : 1e-8 }

  /// The epsilon for `torch.optim.AdamW`'s formula at an update (1 for the first).
  ///
  /// LoRA-FA's reference adds it before the second moment's bias is corrected, as transformers' AdamW did.
  func epsilon(_ value: Double, update: Int, beta2: Double) -> Double {
    guard self == .loraFA else { return value }
    return value / (1 - pow(beta2, Double(update))).squareRoot()
  }
}
