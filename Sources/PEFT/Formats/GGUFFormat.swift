import Files
import JSON
import NN
import Torch

/// llama.cpp's adapter file: `blk.N.attn_q.weight.lora_a` [r, in] and `.lora_b` [out, r], and one alpha for all.
///
/// The rows of query and key of Llama and Mistral stand in the order that llama.cpp rotates them in.
/// Source: github.com/ggml-org/llama.cpp, convert_lora_to_gguf.py and src/llama-adapter.cpp.
enum GGUFFormat {
  static let fileName = "adapter.gguf"

  /// Names of the modules of a block, and outside the blocks.
  private static let inside: [(ours: String, theirs: String)] = [
    ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"), ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
  ]
  private static let outside: [(ours: String, theirs: String)] = [
    ("model.embed_tokens", "token_embd"), ("lm_head", "output"),
  ]
  /// `model_type` to llama.cpp's name of the architecture.
  private static let architectures = [
    "llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3",
  ]

  static func read(_ place: AdapterPlace, _ context: AdapterFormat.Context) throws -> AdapterFolder {
    let file = try GGUFFile(path: place.requireFile())
    guard file["general.type"]?.text == "adapter", file["adapter.type"]?.text == "lora" else {
      throw AdapterError(
        "a GGUF file that is no LoRA adapter, \(place.path): choose one made by convert_lora_to_gguf")
    }
    let architecture = file["general.architecture"]?.text ?? "unknown"
    guard architectures.values.contains(architecture) else { throw unknown(architecture) }
    let alpha = file["adapter.lora.alpha"]?.number ?? 0
    let tensors = Dictionary(
      file.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    let heads = Heads(file, architecture) ?? context.baseConfiguration.flatMap(Heads.init)
    let updates = try tensors.keys.filter { $0.hasSuffix(".weight.lora_a") }.map { key in
      let name = String(key.dropLast(".weight.lora_a".count))
      let layer = try ours(name)
      guard var a = tensors[key], var b = tensors["\(name).weight.lora_b"] else {
        throw AdapterError("\(name) has one factor of two, \(place.path)")
      }
      let isEmbedding = layer == "model.embed_tokens"
      if isEmbedding { a = try a.t().contiguous() }
      if architecture == "llama", let kind = Rotated(layer) {
        guard let heads else {
          throw AdapterError(
            "the file does not say the number of heads, which the order of \(layer) depends on, \(place.path): "
              + "give the base with --model")
        }
        b = try heads.restored(b, kind)
      }
      let rank = Double(max(1, b.shape.last ?? 1))
      return try LayerUpdate(
        layer: layer, form: isEmbedding ? .embedding : .linear, a: a, b: b,
        scale: alpha == 0 ? 1 : alpha / rank)
    }
    return try PortableAdapter(updates).folder()
  }

  static func write(_ adapter: AdapterFolder, to path: String, _ context: AdapterFormat.Context) throws {
    let portable = try PortableAdapter(adapter, for: .gguf)
    guard portable.magnitudes.isEmpty else {
      throw AdapterError("llama.cpp has no DoRA: convert to an ordinary LoRA first")
    }
    guard let base = context.baseConfiguration, let type = base["model_type"]?.stringValue else {
      throw AdapterError("llama.cpp's names and order depend on the base: give it with --model")
    }
    guard let architecture = architectures[type] else { throw unknown(type) }
    // Its scale is alpha / rank, of each layer's own rank.
    let alpha = portable.updates.first?.alpha ?? 1
    let heads = Heads(base)
    var tensors: [(name: String, tensor: Tensor)] = []
    for update in portable.updates {
      let name = try theirs(update.layer)
      var (a, b) = (update.a, update.b)
      if update.alpha != alpha, alpha != 0 {
        b = try (b.to(dtype: .float32) * (update.alpha / alpha)).to(dtype: b.dtype)
      }
      if architecture == "llama", let kind = Rotated(update.layer) {
        guard let heads else {
          throw AdapterError("config.json of the base does not say num_attention_heads")
        }
        b = try heads.reordered(b, kind)
      }
      if update.form == .embedding { a = try a.t() }
      tensors.append(("\(name).weight.lora_a", a))
      tensors.append(("\(name).weight.lora_b", b))
    }
    var facts: [(String, GGUFFile.Fact)] = [
      ("general.architecture", .text(architecture)), ("general.type", .text("adapter")),
      ("adapter.type", .text("lora")), ("adapter.lora.alpha", .number(alpha)),
    ]
    if let heads {
      facts.append(("\(architecture).attention.head_count", .whole(heads.queries)))
      facts.append(("\(architecture).attention.head_count_kv", .whole(heads.keys)))
    }
    try Folder.create(path)
    try GGUFFile(facts: facts, tensors: tensors).write(to: Folder.join(path, fileName))
  }

  private static func unknown(_ name: String) -> AdapterError {
    AdapterError(
      "no table of llama.cpp's names for '\(name)': there is one for \(architectures.keys.sorted().joined(separator: ", "))"
    )
  }

  private static func theirs(_ layer: String) throws -> String {
    if let name = outside.first(where: { $0.ours == layer })?.theirs { return name }
    let parts = layer.split(separator: ".", maxSplits: 3).map(String.init)
    guard parts.count == 4, parts[0] == "model", parts[1] == "layers", let index = Int(parts[2]),
      let name = inside.first(where: { $0.ours == parts[3] })?.theirs
    else { throw AdapterError("llama.cpp has no name for \(layer): leave it out of the adapter") }
    return "blk.\(index).\(name)"
  }

  private static func ours(_ name: String) throws -> String {
    if let layer = outside.first(where: { $0.theirs == name })?.ours { return layer }
    let parts = name.split(separator: ".").map(String.init)
    guard parts.count == 3, parts[0] == "blk", let index = Int(parts[1]),
      let layer = inside.first(where: { $0.theirs == parts[2] })?.ours
    else { throw AdapterError("\(name) is no module of this architecture: it cannot be read") }
    return "model.layers.\(index).\(layer)"
  }
}

/// A projection whose rows llama.cpp keeps in another order.
private enum Rotated {
  case query, key

  init?(_ layer: String) {
    if layer.hasSuffix(".q_proj") {
      self = .query
    } else if layer.hasSuffix(".k_proj") {
      self = .key
    } else {
      return nil
    }
  }
}

/// Numbers of attention heads, by which rows are ordered.
private struct Heads {
  let queries, keys: Int

  init?(_ configuration: JSONObject) {
    guard let queries = configuration["num_attention_heads"]?.intValue, queries > 0 else { return nil }
    self.queries = queries
    keys = max(1, configuration["num_key_value_heads"]?.intValue ?? queries)
  }

  init?(_ file: GGUFFile, _ architecture: String) {
    guard case .whole(let queries)? = file["\(architecture).attention.head_count"], queries > 0,
      case .whole(let keys)? = file["\(architecture).attention.head_count_kv"], keys > 0
    else { return nil }
    (self.queries, self.keys) = (queries, keys)
  }

  /// Halves of each head side by side become pairs of neighbours.
  func reordered(_ b: Tensor, _ kind: Rotated) throws -> Tensor { try turned(b, kind) { [$0, 2, $1] } }

  func restored(_ b: Tensor, _ kind: Rotated) throws -> Tensor { try turned(b, kind) { [$0, $1, 2] } }

  private func turned(_ b: Tensor, _ kind: Rotated, _ sizes: (Int, Int) -> [Int]) throws -> Tensor {
    let count = kind == .query ? queries : keys
    guard b.shape[0].isMultiple(of: 2 * count) else {
      throw AdapterError("\(b.shape[0]) rows cannot be \(count) heads: the base is another one")
    }
    let split = try b.reshaped(sizes(count, b.shape[0] / count / 2) + [b.shape[1]])
    return try split.transposed(1, 2).reshaped(b.shape).contiguous()
  }
}
