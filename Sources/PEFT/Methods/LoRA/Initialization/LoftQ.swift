import Configuration
import JSON
import NN
import Torch

/// The base rounded to few bits, and factors that make up for the rounding: Q = quant(W - s B A), s B A the leading
/// singular part of W - Q, in turns.
///
/// The layer computes with Q from then on, as it would with weights stored in that many bits. In the reference the
/// factors ignore s; here they make up for the rounding at any alpha.
/// Source: Li et al. 2023, "LoftQ: LoRA-Fine-Tuning-Aware Quantization", algorithm 1.
struct LoftQ: FactorInitializer {
  static let spellings = ["loftq"]

  /// `loftq_config`.
  struct Settings: Configuration {
    var bits = 4
    var iterations = 1

    static let fields: [Field<Settings>] = [
      Field("loftq_bits", \.bits, "4 for NF4, 8 for int8 by rows"),
      Field("loftq_iter", \.iterations, "turns of rounding and decomposing"),
    ]

    func validate() throws {
      guard bits == 4 || bits == 8 else {
        throw ConfigurationError("loftq_bits", value: bits, rule: "must be 4 or 8")
      }
      guard iterations >= 1 else {
        throw ConfigurationError("loftq_iter", value: iterations, rule: "must be at least 1")
      }
    }
  }

  init?(_ value: JSONValue) { guard value.stringValue == "loftq" else { return nil } }

  func rankLimit(_ layer: any AdaptableLayer) throws -> Int? { try layer.smallerSide() }

  func validate(_ method: LoRA) throws {
    _ = try method.settings(Settings.self, of: "loftq_config")
    try requirePositiveScale(method)
    guard !method.usesDoRA else {
      throw ConfigurationError(
        "use_dora", value: true, rule: "cannot be combined with init_lora_weights loftq")
    }
  }

  func factors(of layer: any AdaptableLayer, _ request: FactorRequest) throws -> InitialFactors {
    let settings = try request.method.settings(Settings.self, of: "loftq_config")
    let rounding: any WeightRounding = settings.bits == 4 ? NF4() : Int8Rows()
    // Blocks run along memory, so the layer's own layout is rounded.
    let isTransposed = if case .transposedLinear = layer.kind { true } else { false }
    let stored = try layer.untouchedWeight.dense(.float32).detached()
    var (rest, rounded) = (stored, stored)
    var parts: (a: Tensor, b: Tensor)?
    for _ in 0..<settings.iterations {
      rounded = try rounding.rounded(rest)
      let error = try stored - rounded
      let found = try Self.leading(isTransposed ? error.t() : error, request.rank, request.scale)
      let update = try found.b.mm(found.a) * request.scale
      rest = try stored - (isTransposed ? update.t() : update)
      parts = found
    }
    guard let parts else { throw AdapterError("loftq_iter is 0: it must be at least 1") }
    return try InitialFactors(
      a: parts.a, b: parts.b, replacement: rounded.to(dtype: layer.untouchedWeight.dtype))
  }

  /// A and B with s B A the leading singular part of `matrix` [out, in].
  static func leading(_ matrix: Tensor, _ rank: Int, _ scale: Double) throws -> (a: Tensor, b: Tensor) {
    let (u, s, vh) = try matrix.svd()
    let root = try (s.slice(0, 0..<rank) / scale).sqrt()
    return (try vh.slice(0, 0..<rank) * root.unsqueezed(1), try u.slice(1, 0..<rank) * root)
  }
}
