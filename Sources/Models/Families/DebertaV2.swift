import JSON
import NN

/// DeBERTa in its second and third version: attention that keeps what a token says apart from where it stands.
///
/// Source: He et al. 2021, "DeBERTa: Decoding-enhanced BERT with Disentangled Attention", and "DeBERTaV3".
extension EncoderDesign {
  init(debertaV2 config: ModelConfiguration) throws {
    let deberta = try DebertaConfiguration(debertaV2: config)
    self.init(heads: try deberta.heads(config)) { try Deberta($0, deberta) }
  }
}

extension DebertaConfiguration {
  fileprivate init(debertaV2 config: ModelConfiguration) throws {
    try self.init(common: config)
    convolution = try Convolution(config, hiddenSize: hiddenSize)
    relative?.sharesKeys = try config.value("share_att_key", default: false)
    let buckets = try config.value("position_buckets", default: -1)
    relative?.buckets = buckets > 0 ? buckets : nil
    guard buckets <= 1 << 20 else { throw config.invalid("position_buckets", "must be at most \(1 << 20)") }
    let norm = try config.value("norm_rel_ebd", default: "none").lowercased()
    relative?.isNormalized = norm.split(separator: "|").contains {
      $0.filter { !$0.isWhitespace } == "layer_norm"
    }
  }
}

extension DebertaConfiguration.Convolution {
  fileprivate init?(_ config: ModelConfiguration, hiddenSize: Int) throws {
    let size = try config.value("conv_kernel_size", default: 0)
    guard size > 0 else { return nil }
    guard size % 2 == 1, size <= 1023 else {
      throw config.invalid("conv_kernel_size", "must be an odd number up to 1023")
    }
    kernel = size
    groups = try config.size("conv_groups", default: 1)
    guard hiddenSize % groups == 0 else { throw config.invalid("conv_groups", "must divide hidden_size") }
    activation = try config.activation("conv_act", default: .tanh)
  }
}
