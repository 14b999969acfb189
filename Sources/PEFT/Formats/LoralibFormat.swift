import Files
import NN
import Pickle
import Torch

/// A state dict with `PATH.lora_A` [r, in] and `PATH.lora_B` [out, r], saved by torch: microsoft/LoRA's `loralib`.
///
/// It does not say the scale; `alpha` must. Tensors that are no factors (a whole model saved with them) are left out.
/// Layers that make several things at once (MergedLinear) are ``FusedLoralibLayer``.
enum LoralibFormat {
  static let fileName = "lora.pt"

  static func read(_ place: AdapterPlace, _ context: AdapterFormat.Context) throws -> AdapterFolder {
    guard context.alpha != nil || context.purpose == .inspection else {
      throw AdapterError(
        "a loralib file does not say its scale, \(place.path): give its lora_alpha with --alpha")
    }
    let tensors = try place.tensors()
    let layers = tensors.keys.filter { $0.hasSuffix(".lora_A") }.map { String($0.dropLast(".lora_A".count)) }
    return try PortableAdapter(
      layers.flatMap { layer -> [LayerUpdate] in
        guard let a = tensors["\(layer).lora_A"], let b = tensors["\(layer).lora_B"], a.rank == 2,
          b.rank == 2
        else { throw AdapterError("\(layer) has no pair of matrices, \(place.path): the file is damaged") }
        // r is B's width, also where A has several times as many rows.
        let scale = context.alpha.map { $0 / Double(max(1, b.shape[1])) } ?? 1
        if a.shape[0] != b.shape[1] || context.enabledParts?.contains(false) == true {
          return try FusedLoralibLayer(layer, a, b, enabled: context.enabledParts)
            .updates(scale: scale, modules: context.modules)
        }
        return [
          try LayerUpdate(
            layer: layer, form: isEmbedding(layer) ? .embedding : .linear, a: a, b: b, scale: scale)
        ]
      }
    ).folder()
  }

  static func write(_ adapter: AdapterFolder, to path: String) throws {
    let portable = try PortableAdapter(adapter, for: .loralib)
    guard portable.magnitudes.isEmpty else {
      throw AdapterError("loralib has no DoRA: convert to an ordinary LoRA first")
    }
    // One alpha for all: alpha / r is the scale.
    var tensors: [String: Tensor] = [:]
    let alpha = portable.updates.first?.alpha ?? 1
    for update in portable.updates {
      guard update.form != .convolution else {
        throw AdapterError("\(update.layer) is a convolution, whose loralib layout differs: choose another")
      }
      let factor = update.scale * Double(update.rank) / alpha
      tensors["\(update.layer).lora_A"] = update.a
      tensors["\(update.layer).lora_B"] =
        try factor == 1 ? update.b : (update.b.to(dtype: .float32) * factor).to(dtype: update.b.dtype)
    }
    try Folder.create(path)
    try TorchFileWriter.write(tensors, to: Folder.join(path, fileName))
  }

  /// Factors of an embedding look like those of a linear layer; its name tells.
  static func isEmbedding(_ layer: String) -> Bool {
    let name = layer.split(separator: ".").last.map(String.init) ?? layer
    return name.contains("embed") || ["wte", "wpe"].contains(name)
  }
}
