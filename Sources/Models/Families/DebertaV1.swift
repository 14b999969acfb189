import JSON

/// DeBERTa in its first version: one layer for queries, keys and values, and every distance told apart.
///
/// Source: He et al. 2021, "DeBERTa: Decoding-enhanced BERT with Disentangled Attention".
extension EncoderDesign {
  init(debertaV1 config: ModelConfiguration) throws {
    var deberta = try DebertaConfiguration(common: config)
    deberta.isJoint = true
    guard try !config.value("talking_head", default: false) else {
      throw config.invalid("talking_head", "heads that are mixed are not supported: it must be false")
    }
    let design = deberta
    self.init(heads: try design.heads(config)) { try Deberta($0, design) }
  }
}
