import NN
import Torch

/// Rotary position embedding as config.json describes it: which angles each position turns by.
///
/// Source: Su et al. 2021, "RoFormer"; the frequencies follow `modeling_rope_utils.py` of transformers 5.23,
/// operation by operation in float32.
public struct RotaryEmbedding: Sendable {
  /// The base of the wavelengths.
  public var theta: Double
  /// How many dimensions of each head turn.
  public var dimensions: Int
  /// `max_position_embeddings`.
  public var contextLength: Int
  public var scaling: RotaryScaling
  /// Which dimensions turn together.
  public var pairs = RotaryPairs.halves

  /// Cosines and sines of all `positions` (int64 [batch or 1, tokens]), the largest of which is `length` - 1.
  func tables(_ positions: Tensor, length: Int, dtype: DType) throws -> RotaryTables {
    try withoutGradients {
      let frequencies = try inverseFrequencies(length: length).to(device: positions.device)
      return try RotaryTables(
        positions: positions, inverseFrequencies: frequencies, scale: scaling.attentionFactor,
        pairs: pairs, dtype: dtype)
    }
  }

  /// The angle per position of each pair of dimensions, float32 [dimensions / 2].
  func inverseFrequencies(length: Int) throws -> Tensor {
    switch scaling {
    case .none:
      return try wavelengths(theta).reciprocal()
    case .linear(let factor):
      return try wavelengths(theta).reciprocal() / factor
    case .dynamic(let factor):
      return try wavelengths(stretchedTheta(factor, length)).reciprocal()
    case .yarn(let yarn):
      return try yarn.inverseFrequencies(wavelengths(theta), theta: theta, dimensions: dimensions)
    case .long(let long):
      let factors = length > long.originalLength ? long.longFactors : long.shortFactors
      return try (Tensor(factors.map(Float.init)) * wavelengths(theta)).reciprocal()
    case .llama3(let llama3):
      return try llama3.inverseFrequencies(wavelengths(theta).reciprocal())
    }
  }

  /// theta^(0/d), theta^(2/d), ...
  private func wavelengths(_ theta: Double) throws -> Tensor {
    let exponents = try Tensor.arange(0, dimensions, step: 2).to(dtype: .float32) / Double(dimensions)
    return try .pow(theta, exponents)
  }

  /// The base that lets the slowest angle reach as far at `length` as it did at the context length.
  ///
  /// Source: "NTK-aware scaled RoPE" (u/bloc97), made dynamic by u/emozilla, 2023.
  private func stretchedTheta(_ factor: Double, _ length: Int) throws -> Double {
    guard length > contextLength, dimensions > 2 else { return theta }
    let ratio = try Tensor(Float(factor) * Float(length)) / Double(contextLength) - (factor - 1)
    return try (ratio.pow(Double(dimensions) / Double(dimensions - 2)) * theta).item()
  }
}

/// How a model reaches beyond the context it was first trained on.
public enum RotaryScaling: Sendable {
  case none
  /// Positions divided by a factor. Source: Chen et al. 2023, "Extending Context Window ... by Positional Interpolation".
  case linear(factor: Double)
  /// A base that grows with the text.
  case dynamic(factor: Double)
  case yarn(YarnScaling)
  case long(LongScaling)
  case llama3(Llama3Scaling)

  /// Multiplies cosines and sines.
  var attentionFactor: Double {
    switch self {
    case .yarn(let yarn): yarn.attentionFactor
    case .long(let long): long.attentionFactor
    default: 1
    }
  }

  /// The length up to which texts are short; nil when short and long ones turn alike.
  var shortLength: Int? { if case .long(let long) = self { long.originalLength } else { nil } }

  /// Whether the angles depend on the length of the text.
  var dependsOnLength: Bool {
    switch self {
    case .dynamic, .long: true
    default: false
    }
  }
}
