import Models
import NN
import Torch

/// Whether a merged model computes what its base computes with the adapters on top.
public struct MergeVerification {
  /// The norm of the difference of the outputs over the norm of the outputs.
  public let relativeError: Double
  /// What rounding of the weights' type explains.
  public let tolerance: Double

  public var holds: Bool { relativeError <= tolerance }

  /// Compares on tokens or pictures drawn with a fixed seed.
  ///
  /// - Parameter merged: the folder of the merged model.
  /// - Throws: when the folder cannot be loaded.
  public init(_ tuned: AdaptedPretrainedModel, merged folder: String) throws {
    let model = tuned.model
    let (device, task) = (model.store.device, model.task)
    let merged = try PretrainedModel.load(folder: folder, task: task, device: device)
    let input = try model.probe()
    // Encoder-decoders classify a text by the token that ends it.
    if task == .sequenceClassification, let end = try model.configuration.endOfTextIDs.first,
      try end < model.configuration.text.size("vocab_size")
    {
      try input.ids.slice(1, from: input.ids.shape[1] - 1).fill_(Double(end))
    }
    (relativeError, tolerance) = try withoutGradients {
      let wanted = try model.logits(input).to(dtype: .float64)
      let found = try merged.logits(input).to(dtype: .float64)
      let scale: Double = try wanted.norm().item()
      let difference: Double = try (found - wanted).norm().item()
      let types = [model, merged].compactMap { $0.store.parameters.first?.tensor.dtype }
      return (difference / max(scale, 1e-30), types.contains { $0.isReducedPrecision } ? 5e-2 : 1e-4)
    }
  }
}
