import Models
import NN
import PEFT

/// The linear layers of a base whose weights are kept [in, out]: those of GPT-2 and its kin.
struct TransposedWeights {
  private let modelType: String

  init(modelType: String) { self.modelType = modelType }

  func contains(_ module: String) -> Bool {
    ["gpt2", "openai-gpt", "imagegpt", "decision_transformer"].contains(modelType)
      && ["c_attn", "c_proj", "c_fc", "q_attn"].contains { module.hasSuffix(".\($0)") }
  }
}

extension AdapterFolder {
  /// The same with the shapes of its layers, where they are needed, not known, and `model` has them.
  ///
  /// - Parameter model: a folder of weights, or a hub id; nil to do without.
  func shaped(byModel model: String?) throws -> AdapterFolder {
    guard let model else { return self }
    let folder = try ModelFolder(model)
    let type = try? ModelConfiguration(folder: folder.path).modelType
    return try shaped(
      by: SafetensorsSource(path: folder.path),
      isTransposed: TransposedWeights(modelType: type ?? "").contains)
  }
}
