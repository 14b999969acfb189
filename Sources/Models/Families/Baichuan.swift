import JSON
import NN

/// Baichuan 7B, whose heads turn, and 13B, whose scores are biased. Source: Baichuan Inc. 2023, the code published with
/// Baichuan-7B and Baichuan-13B.
extension GPTConfiguration {
  init(baichuan config: ModelConfiguration) throws {
    try self.init(common: config, activation: .silu, ties: false, contextLength: 4096)
    guard vocabularySize != 125_696 else {
      throw config.invalid(
        "vocab_size", "Baichuan 2, with its normalized head, is not supported; the closest is Baichuan")
    }
    normEpsilon = try config.value("rms_norm_eps", default: 1e-6)
    norm = .rms
    // Only the configuration of the smaller model has a table to limit.
    let turns = config.raw["max_position_embeddings"]?.isNull == false
    positions =
      turns
      ? .rotary(try RotaryEmbedding(config, dimensions: headSize, contextLength: contextLength))
      : .alibi(ALiBi(headCount: headCount))
    (queryKeyValueBias, outputBias, feedForwardBias) = (false, false, false)
    names = .llama
    names.heads = .fused("W_pack")
    (names.gate, names.up, names.down) = ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
  }
}
