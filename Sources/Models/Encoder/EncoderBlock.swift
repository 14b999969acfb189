import NN
import Torch

/// One layer of an encoder: attention and feed-forward, each added to its input and normalized after.
///
/// Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.1.
struct EncoderBlock {
  private let projections: LinearGroup
  private let attentionOutput, up, down: Linear
  private let attentionNorm, outputNorm: LayerNorm
  private let configuration: EncoderConfiguration
  private let mode: Mode
  private let layers: [any AdaptableLayer]

  /// Which tokens see each other.
  enum Sight {
    /// Texts lie side by side; the keys that each query sees are bool [batch, 1, tokens or 1, tokens], or all.
    case side(mask: Tensor?)
    /// Texts lie end to end.
    case ends(TokenSpans)
  }

  init(_ path: Path, _ config: EncoderConfiguration) throws {
    let before = path.store.layers.count
    let (names, d) = (config.names, config.hiddenSize)
    func linear(_ name: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
      try Linear(
        path / name, in: inputs, out: outputs, bias: true, initial: .normal(std: config.initializerRange))
    }
    func norm(_ name: String) throws -> LayerNorm {
      try LayerNorm(path / name, size: d, eps: config.normEpsilon)
    }
    projections = LinearGroup([
      try linear(names.query, d, d), try linear(names.key, d, d), try linear(names.value, d, d),
    ])
    attentionOutput = try linear(names.attentionOutput, d, d)
    attentionNorm = try norm(names.attentionNorm)
    up = try linear(names.up, d, config.intermediateSize)
    down = try linear(names.down, config.intermediateSize, d)
    outputNorm = try norm(names.outputNorm)
    configuration = config
    mode = path.store.mode
    layers = Array(path.store.layers[before...])
  }

  /// - Parameters:
  ///   - x: [batch, tokens, d].
  ///   - sight: which tokens see each other.
  ///   - places: of the tokens whose output is wanted, among all of x; nil for every one.
  /// - Returns: [batch, tokens, d], or [1, places, d].
  func callAsFunction(_ x: Tensor, _ sight: Sight, at places: Tensor? = nil) throws -> Tensor {
    guard mode.gradientCheckpointing, mode.isTraining, isRecordingGradients else {
      return try output(x, sight, places)
    }
    var seen = Set<ObjectIdentifier>()
    let trained = layers.flatMap(\.trainableTensors).filter { seen.insert(ObjectIdentifier($0)).inserted }
    return try checkpointed([x], parameters: trained) { [try output($0[0], sight, places)] }[0]
  }

  private func output(_ x: Tensor, _ sight: Sight, _ places: Tensor?) throws -> Tensor {
    func wanted(_ x: Tensor) throws -> Tensor {
      try places.map { try x.reshaped([-1, x.shape[2]]).indexSelect(0, $0).unsqueezed(0) } ?? x
    }
    let seen = try attentionOutput(wanted(attended(x, sight)))
    let x = try wanted(x)
    let hidden = try attentionNorm(x + mode.dropped(seen, configuration.dropout))
    let thought = try down(configuration.activation(up(hidden)))
    return try outputNorm(hidden + mode.dropped(thought, configuration.feedForwardDropout))
  }

  private func attended(_ x: Tensor, _ sight: Sight) throws -> Tensor {
    let heads = try projections(x).map { part in
      try part.reshaped([part.shape[0], part.shape[1], configuration.headCount, -1]).transposed(1, 2)
    }
    switch sight {
    case .side(let mask): return try attended(heads, mask)
    case .ends(let spans):
      return try spans.attention(heads) { group, heads in try attended(heads, group.mask) }
    }
  }

  private func attended(_ heads: [Tensor], _ mask: Tensor?) throws -> Tensor {
    try attention(
      heads[0], heads[1], heads[2], mask: mask, causal: false,
      dropout: mode.isTraining ? configuration.attentionDropout : 0)
  }
}

extension Mode {
  /// `x` with a share of its values dropped, in training.
  func dropped(_ x: Tensor, _ rate: Double) throws -> Tensor {
    isTraining && rate > 0 ? try x.dropout(rate) : x
  }
}
