import Files
import NN
import Safetensors
import Torch

/// sd-scripts' LoRA file: `lora_unet_PATH.lora_down.weight`, `.lora_up.weight`, `.alpha`, where PATH has underscores for
/// dots; magnitudes of DoRA are `.dora_scale` [out, 1].
///
/// Source: github.com/kohya-ss/sd-scripts, networks/lora.py.
enum KohyaFormat {
  static let fileName = "lora.safetensors"

  /// A part of the pipeline and how names begin there; the first that fits counts.
  private static let prefixes = [
    ("text_encoder_2", "lora_te2_"), ("text_encoder_3", "lora_te3_"), ("text_encoder", "lora_te1_"),
    ("text_encoder", "lora_te_"), ("unet", "lora_unet_"), ("transformer", "lora_transformer_"),
    ("prior", "lora_prior_"),
  ]

  static func read(_ place: AdapterPlace, _ context: AdapterFormat.Context) throws -> AdapterFolder {
    let tensors = try place.tensors()
    let names = ModuleNames(context.modules.map { PipelinePart.split($0).path })
    var portable = PortableAdapter([])
    for (key, a) in tensors where key.hasSuffix(".lora_down.weight") {
      let name = String(key.dropLast(".lora_down.weight".count))
      guard let (part, prefix) = prefixes.first(where: { name.hasPrefix($0.1) }) else {
        throw AdapterError("\(name) begins as no part of a pipeline does, \(place.path)")
      }
      guard let b = tensors["\(name).lora_up.weight"] else {
        throw AdapterError("\(name) has one factor of two, \(place.path)")
      }
      let path = try names.path(String(name.dropFirst(prefix.count)))
      let layer = context.component == part ? path : "\(part).\(path)"
      let rank = Double(max(1, a.shape.first ?? 1))
      let alpha = try tensors["\(name).alpha"]?.to(dtype: .float64).item() ?? rank
      portable.updates.append(
        try LayerUpdate(
          layer: layer, form: a.rank > 2 ? .convolution : .linear, a: a, b: b, scale: alpha / rank))
      if let scale = tensors["\(name).dora_scale"] {
        portable.magnitudes[layer] =
          try a.rank > 2
          ? scale.reshaped([1, -1] + a.shape.dropFirst(2).map { _ in 1 }) : scale.flattened()
      }
    }
    if let other = tensors.keys.sorted().first(where: { $0.contains(".hada_") || $0.contains(".lokr_") }) {
      throw AdapterError("\(other) is of LyCORIS, whose updates are no LoRA's, \(place.path)")
    }
    return try portable.folder()
  }

  static func write(_ adapter: AdapterFolder, to path: String, _ context: AdapterFormat.Context) throws {
    let portable = try PortableAdapter(adapter, for: .kohya)
    let parts = Set(portable.updates.compactMap { PipelinePart.split($0.layer).part })
    var tensors: [String: Tensor] = [:]
    for update in portable.updates {
      guard update.form != .embedding else {
        throw AdapterError("\(update.layer) is an embedding, which sd-scripts does not adapt: leave it out")
      }
      let (part, path) = try PipelinePart.part(of: update.layer, asked: context.component)
      let isFirstOfTwo = part == "text_encoder" && parts.contains("text_encoder_2")
      guard let prefix = isFirstOfTwo ? "lora_te1_" : prefixes.last(where: { $0.0 == part })?.1 else {
        throw AdapterError("sd-scripts adapts no \(part): leave it out")
      }
      let name = prefix + ModuleNames.flat(path)
      tensors["\(name).lora_down.weight"] = update.a
      tensors["\(name).lora_up.weight"] = update.b
      tensors["\(name).alpha"] = try Tensor(Float(update.alpha)).to(dtype: update.a.dtype)
      tensors["\(name).dora_scale"] = try portable.magnitudes[update.layer].map {
        try $0.reshaped([-1] + update.a.shape.dropFirst().map { _ in 1 })
      }
    }
    let ranks = portable.updates.map(\.rank)
    let metadata = [
      "format": "pt", "ss_network_module": "networks.lora", "ss_network_dim": "\(ranks.max() ?? 0)",
      "ss_network_alpha": "\(portable.updates.first?.alpha ?? 0)",
    ]
    try Folder.create(path)
    try SafetensorsWriter.write(tensors, to: Folder.join(path, fileName), metadata: metadata)
  }
}
