import NN

/// Finds the path of a module again from its name with underscores for dots, as sd-scripts writes it.
struct ModuleNames {
  private let known: [String: String]

  /// - Parameter modules: paths of the base's modules, if they are known.
  init(_ modules: [String] = []) {
    known = Dictionary(modules.map { (Self.flat($0), $0) }, uniquingKeysWith: { first, _ in first })
  }

  static func flat(_ path: String) -> String { String(path.map { $0 == "." ? "_" : $0 }) }

  /// Words with an underscore in them that modules of diffusion models and transformers are called by.
  private static let compounds: [[Substring]] = [
    "down_blocks", "up_blocks", "mid_block", "transformer_blocks", "single_transformer_blocks",
    "input_blocks",
    "output_blocks", "middle_block", "to_q", "to_k", "to_v", "to_out", "to_qkv", "to_add_out", "add_q_proj",
    "add_k_proj", "add_v_proj", "proj_in", "proj_out", "proj_mlp", "ff_context", "time_emb_proj",
    "time_embedding",
    "time_embed", "label_emb", "add_embedding", "conv_shortcut", "conv_in", "conv_out", "in_layers",
    "out_layers",
    "emb_layers", "skip_connection", "linear_1", "linear_2", "text_model", "text_projection", "self_attn",
    "q_proj", "k_proj", "v_proj", "o_proj", "out_proj", "qkv_proj", "gate_proj", "up_proj", "down_proj",
    "gate_up_proj", "embed_tokens", "token_embedding", "position_embedding", "lm_head", "double_blocks",
    "single_blocks", "img_attn", "txt_attn", "img_mlp", "txt_mlp", "img_mod", "txt_mod", "c_attn", "c_proj",
    "c_fc", "query_key_value", "dense_h_to_4h", "dense_4h_to_h", "fc_in", "fc_out",
  ].map { $0.split(separator: "_") }.sorted { $0.count > $1.count }

  /// - Throws: ``AdapterError`` when the base is known and has no such module.
  func path(_ flat: String) throws -> String {
    if let path = known[flat] { return path }
    guard known.isEmpty else {
      throw AdapterError("the base has no module called \(flat): it is another base")
    }
    var rest = flat.split(separator: "_", omittingEmptySubsequences: false)[...]
    var parts: [String] = []
    while !rest.isEmpty {
      let count = Self.compounds.first { rest.starts(with: $0) }?.count ?? 1
      parts.append(rest.prefix(count).joined(separator: "_"))
      rest = rest.dropFirst(count)
    }
    return parts.joined(separator: ".")
  }
}
