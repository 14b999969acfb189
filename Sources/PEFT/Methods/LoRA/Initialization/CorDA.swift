import Configuration
import JSON
import NN
import Torch

/// Singular parts of the weight as its inputs weigh it, taken off the base: U S V^T = W C with C the covariance of the
/// inputs, A = sqrt(S/s) V^T C^-1, B = U sqrt(S/s); the r leading parts (`ipm`) or the r last (`kpm`).
///
/// Each batch's inputs are divided by their largest value; C gets 1 % of its mean diagonal on the diagonal, doubled until
/// it can be inverted well.
/// Source: Yang et al. 2024, "CorDA: Context-Oriented Decomposition Adaptation", sections 3.2 and 3.3.
struct CorDA: DataInitializer {
  static let spellings = ["corda"]
  let isOffset = true

  enum Mode: String, CaseIterable, ConfigurationValue {
    /// Instruction previewed: what the data uses most is trained.
    case ipm
    /// Knowledge preserved: what it uses least is.
    case kpm
  }

  /// `corda_config`.
  struct Settings: Configuration {
    var mode = Mode.ipm
    var cacheFile: String?
    var covarianceFile: String?
    var verbose = false
    var usesHalf = false
    var prunes = true

    static let fields: [Field<Settings>] = [
      Field("corda_method", \.mode, "ipm to adapt to the data, kpm to keep what it does not use"),
      Field("cache_file", \.cacheFile, "of the reference; no file is needed here"),
      Field("covariance_file", \.covarianceFile, "of the reference; no file is needed here"),
      Field("verbose", \.verbose, "of the reference; kept"),
      Field("use_float16_for_covariance", \.usesHalf, "take covariances in the model's own type"),
      Field("prune_temporary_fields", \.prunes, "of the reference; kept"),
    ]
  }

  init?(_ value: JSONValue) { guard value.stringValue == "corda" else { return nil } }

  func rankLimit(_ layer: any AdaptableLayer) throws -> Int? { try layer.smallerSide() }

  func validate(_ method: LoRA) throws {
    _ = try method.settings(Settings.self, of: "corda_config")
    try requirePositiveScale(method)
  }

  func start(
    _ method: LoRA, for layers: [any AdaptableLayer], on data: Calibration, probes: Probes,
    generator: Generator
  ) throws -> CalibratedStart {
    let settings = try method.settings(Settings.self, of: "corda_config")
    var start = CalibratedStart(method: method)
    let shares = try LayerShares(layers) { layer in
      let inputs = try layer.linearSizes().inputs
      return 4 * inputs * inputs
    }
    for share in shares.shares {
      let covariances = try Self.covariances(of: share, data, probes, settings)
      for (layer, covariance) in zip(share, covariances) {
        start.factors[layer.name] = try withoutGradients {
          try Self.factors(layer, covariance, method, settings.mode)
        }
      }
    }
    return start
  }

  /// The mean over batches of X^T X, [in, in], for each layer.
  private static func covariances(
    of layers: [any AdaptableLayer], _ data: Calibration, _ probes: Probes, _ settings: Settings
  ) throws -> [Tensor] {
    var sums = [Tensor?](repeating: nil, count: layers.count)
    var counts = [Int](repeating: 0, count: layers.count)
    try withoutGradients {
      for index in 0..<data.count {
        let batch = try data.batch(index)
        let made = layers.enumerated().map { place, layer in
          let probe = LayerProbe(onInput: { x in
            let rows = try batch.rows(of: x, targetsOnly: false)
            guard let product = try Self.product(settings.usesHalf ? rows : rows.to(dtype: .float32)) else {
              throw AdapterError(
                "the inputs of \(layer.name) are zero or not finite in calibration batch \(index): look at the data"
              )
            }
            sums[place] = try sums[place]?.add_(product) ?? product
            counts[place] += 1
          })
          return (layer, probe)
        }
        try probes.run(made) { _ = try batch.loss() }
      }
    }
    return try zip(layers, zip(sums, counts)).map { layer, found in
      guard let sum = found.0 else {
        throw AdapterError("no calibration batch reaches \(layer.name): exclude it, or give batches that do")
      }
      return try sum.to(dtype: .float32) / Double(found.1)
    }
  }

  /// X^T X of rows divided by their largest value; nil when that is zero or nothing finite comes of it.
  private static func product(_ rows: Tensor) throws -> Tensor? {
    guard rows.count > 0 else { return nil }
    let unit = try rows / rows.max().abs()
    let product = try unit.t().mm(unit)
    return try product.isFinite().all().item(of: Bool.self) ? product : nil
  }

  private static func factors(
    _ layer: any AdaptableLayer, _ covariance: Tensor, _ method: LoRA, _ mode: Mode
  ) throws -> InitialFactors {
    let (rank, scale) = (try method.rank(for: layer.name), try method.scaling(for: layer.name))
    let (damped, inverse) = try invertible(covariance, layer.name)
    let (u, s, vh) = try layer.untouchedMatrix().mm(damped).svd()
    let first = mode == .ipm ? 0 : s.shape[0] - rank
    let range = first..<(first + rank)
    let root = try (s.slice(0, range) / scale).sqrt()
    let factors = try InitialFactors(
      a: vh.slice(0, range).mm(inverse) * root.unsqueezed(1), b: u.slice(1, range) * root)
    guard try factors.a.isFinite().all().item(of: Bool.self) else {
      throw AdapterError(
        "the covariance of the inputs of \(layer.name) cannot be inverted: give more batches")
    }
    return factors
  }

  /// The covariance with enough on its diagonal, and its inverse.
  private static func invertible(_ covariance: Tensor, _ name: String) throws -> (Tensor, Tensor) {
    let identity = try Tensor.eye(covariance.shape[0], device: covariance.device)
    let mean: Double = try covariance.diagonal().mean().item()
    var damping = 0.01
    while damping < 1e6 {
      let damped = try covariance.adding(identity, scale: mean * damping)
      let inverse = try damped.inverse()
      let error: Double = try (damped.mm(inverse) - identity).norm().item()
      if error < 0.05 { return (damped, inverse) }
      damping *= 2
    }
    throw AdapterError("the covariance of the inputs of \(name) cannot be inverted: give more batches")
  }
}
