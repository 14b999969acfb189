import Configuration
import JSON
import NN
import Torch

/// The base rounded to few bits, and factors that make up for the rounding: Q = quant(W - s B A), s B A the leading
/// singular part of W - Q, in turns.
///
/// The layer computes with Q from then on, as it would with weights stored in that many bits. A layer whose weight is kept
/// in few bits is rounded again as it is kept; what it was before, the checkpoint tells. In the reference the factors ignore
/// s; here they make up for the rounding at any alpha.
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
    if let kept = layer.untouchedWeight as? any QuantizedWeight {
      return try factors(of: kept, layer, settings, request)
    }
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
    let replacement = try rounded.to(dtype: layer.untouchedWeight.dtype)
    return try InitialFactors(
      a: parts.a, b: parts.b, replacement: Parameter(name: layer.weightName, tensor: replacement))
  }

  /// The same of a weight that is kept in few bits: after one turn the layer computes with it as it is.
  private func factors(
    of kept: any QuantizedWeight, _ layer: any AdaptableLayer, _ settings: Settings, _ request: FactorRequest
  ) throws -> InitialFactors {
    guard settings.bits == (kept.format == .int8 ? 8 : 4) else {
      throw AdapterError(
        "loftq_bits is \(settings.bits), and the weight of \(layer.name) is kept in \(kept.format.rawValue): make it "
          + "\(kept.format == .int8 ? 8 : 4)")
    }
    guard let original = try request.context.original(kept)?.to(dtype: .float32) else {
      guard request.context.isFromFile, settings.iterations == 1 else {
        throw AdapterError(
          "the weight of \(layer.name) was rounded before, and LoftQ makes up for what that lost: give what it was, with "
            + "--originals, or load the base unrounded with --quantize \(kept.format.rawValue)")
      }
      // The factors come from the file, and the base is the one that they make up for.
      let shapes = try layer.factorShapes(rank: request.rank)
      return try InitialFactors(a: .zeros(shapes.a), b: .zeros(shapes.b))
    }
    var rounded = kept
    var parts = try Self.leading(original - rounded.dense(.float32), request.rank, request.scale)
    for _ in 1..<settings.iterations {
      rounded = try kept.requantized(original - parts.b.mm(parts.a) * request.scale)
      parts = try Self.leading(original - rounded.dense(.float32), request.rank, request.scale)
    }
    return try InitialFactors(a: parts.a, b: parts.b, replacement: rounded === kept ? nil : rounded)
  }

  /// A and B with s B A the leading singular part of `matrix` [out, in].
  static func leading(_ matrix: Tensor, _ rank: Int, _ scale: Double) throws -> (a: Tensor, b: Tensor) {
    let (u, s, vh) = try matrix.svd()
    let root = try (s.slice(0, 0..<rank) / scale).sqrt()
    return (try vh.slice(0, 0..<rank) * root.unsqueezed(1), try u.slice(1, 0..<rank) * root)
  }
}
