import Configuration
import Files
import JSON
import NN
import Safetensors
import Torch

/// diffusers' LoRA file: `unet.PATH.lora_A.weight` and the like, with the configuration of each part in the file's
/// metadata. Older files write `lora.down`, `lora_linear_layer.down` or `to_q_lora.down`; they are read too.
///
/// Source: github.com/huggingface/diffusers, utils/state_dict_utils.py and loaders/lora_base.py.
enum DiffusersFormat {
  static let fileName = "pytorch_lora_weights.safetensors"
  private static let metadataKey = "lora_adapter_metadata"

  private enum Piece { case a, b, magnitude, alpha }

  /// Ends of names, the longest first.
  private static let endings: [(ending: String, piece: Piece)] = [
    (".lora_A.weight", .a), (".lora_B.weight", .b), (".lora_linear_layer.down.weight", .a),
    (".lora_linear_layer.up.weight", .b), (".lora.down.weight", .a), (".lora.up.weight", .b),
    ("_lora.down.weight", .a), ("_lora.up.weight", .b), (".lora_magnitude_vector", .magnitude),
    (".alpha", .alpha),
  ]

  static func read(_ place: AdapterPlace) throws -> AdapterFolder {
    var layers: [String: [Piece: Tensor]] = [:]
    for (key, tensor) in try place.tensors() {
      guard let (ending, piece) = endings.first(where: { key.hasSuffix($0.ending) }) else {
        throw AdapterError("\(key) is no factor of a LoRA, \(place.path)")
      }
      layers[path(String(key.dropLast(ending.count)), isOld: ending.hasPrefix("_")), default: [:]][piece] =
        tensor
    }
    let scales = try Scales(place.metadata()[metadataKey])
    var portable = PortableAdapter([])
    for (layer, pieces) in layers {
      guard let a = pieces[.a], let b = pieces[.b] else {
        throw AdapterError("\(layer) has one factor of two, \(place.path)")
      }
      let rank = Double(max(1, a.shape.first ?? 1))
      let own = try pieces[.alpha].map { try $0.to(dtype: .float64).item() / rank }
      portable.updates.append(
        try LayerUpdate(
          layer: layer, form: a.rank > 2 ? .convolution : .linear, a: a, b: b,
          scale: own ?? scales.scale(of: layer) ?? 1))
      portable.magnitudes[layer] = pieces[.magnitude]
    }
    return try portable.folder()
  }

  /// Names of attention's own parameters before they were modules.
  private static func path(_ name: String, isOld: Bool) -> String {
    let plain = name.replacing(".processor.", with: ".").replacing(".processor", with: "")
    guard isOld else { return plain }
    let isText = plain.hasPrefix("text_encoder")
    for (old, unet, text) in [
      ("to_q", "to_q", "q_proj"), ("to_k", "to_k", "k_proj"), ("to_v", "to_v", "v_proj"),
      ("to_out", "to_out.0", "out_proj"),
    ] where plain.hasSuffix(".\(old)") {
      return plain.dropLast(old.count) + (isText ? text : unet)
    }
    return plain
  }

  static func write(_ adapter: AdapterFolder, to path: String, _ context: AdapterFormat.Context) throws {
    let portable = try PortableAdapter(adapter, for: .diffusers)
    var tensors: [String: Tensor] = [:]
    var parts: [String: PortableAdapter] = [:]
    for var update in portable.updates {
      guard update.form != .embedding else {
        throw AdapterError("\(update.layer) is an embedding, which diffusers does not adapt: leave it out")
      }
      let (part, path) = try PipelinePart.part(of: update.layer, asked: context.component)
      tensors["\(part).\(path).lora_A.weight"] = update.a
      tensors["\(part).\(path).lora_B.weight"] = update.b
      let magnitude = portable.magnitudes[update.layer]
      tensors["\(part).\(path).lora_magnitude_vector"] = magnitude
      update.layer = path
      parts[part, default: PortableAdapter([])].updates.append(update)
      parts[part]?.magnitudes[path] = magnitude
    }
    var metadata = JSONObject()
    for (part, adapter) in parts.sorted(by: { $0.key < $1.key }) {
      for (key, value) in try adapter.folder().configuration.json { metadata["\(part).\(key)"] = value }
    }
    let text = JSONValue.object(metadata).serialized(indent: 2, sortedKeys: true)
    try Folder.create(path)
    try SafetensorsWriter.write(
      tensors, to: Folder.join(path, fileName), metadata: ["format": "pt", metadataKey: text])
  }

  /// What the metadata say of the layers' scales.
  private struct Scales {
    private var methods: [String: LoRA] = [:]

    init(_ text: String?) throws {
      guard let object = try text.map({ try JSONValue.parse($0) })?.objectValue else { return }
      var fields: [String: JSONObject] = [:]
      for (key, value) in object {
        let (part, name) = PipelinePart.split(key)
        fields[part ?? "", default: JSONObject()][name] = value
      }
      methods = try fields.mapValues { try LoRA($0) }
    }

    func scale(of layer: String) throws -> Double? {
      let (part, path) = PipelinePart.split(layer)
      return try methods[part ?? ""]?.scaling(for: path)
    }
  }
}
