import Configuration
import JSON
import NN
import Torch

/// A at the principal components of the layer's inputs, B zero, with ranks shared out among the layers by how much
/// variance a component explains.
///
/// Batches are gone through in turns until the components stand still. Each layer gets up to rho r of them; together
/// they get as many as r for each would be. A layer that gets none is left out. alpha follows the rank, so that the
/// scale stays.
/// Source: Paischer et al. 2024, "Parameter Efficient Fine-tuning via Explained Variance Adaptation", section 3;
/// details as PEFT 0.21.
struct EVA: DataInitializer {
  static let spellings = ["eva"]

  /// `eva_config`.
  struct Settings: Configuration {
    var rho = 2.0
    var tau = 0.99
    var usesLabelMask = true
    var labelMaskValue = -100
    var whitens = false
    var adjustsScaling = true

    static let fields: [Field<Settings>] = [
      Field("rho", \.rho, "how many times r a layer may get; 1 for the same rank everywhere"),
      Field("tau", \.tau, "the cosine with the batch before from which on a component stands still"),
      Field("use_label_mask", \.usesLabelMask, "look only at places that have a target"),
      Field("label_mask_value", \.labelMaskValue, "the label of places without one"),
      Field("whiten", \.whitens, "divide components by the root of their singular value"),
      Field("adjust_scaling_factors", \.adjustsScaling, "let alpha follow the rank"),
    ]

    func validate() throws {
      guard rho >= 1, rho.isFinite else {
        throw ConfigurationError("rho", value: rho, rule: "must be at least 1")
      }
      guard (0...1).contains(tau) else {
        throw ConfigurationError("tau", value: tau, rule: "must be between 0 and 1")
      }
      guard labelMaskValue == -100 else {
        throw ConfigurationError(
          "label_mask_value", value: labelMaskValue, rule: "must be -100, as labels are here")
      }
    }
  }

  init?(_ value: JSONValue) { guard value.stringValue == "eva" else { return nil } }

  func rankLimit(_ layer: any AdaptableLayer) throws -> Int? { try layer.linearSizes().inputs }

  func validate(_ method: LoRA) throws { _ = try method.settings(Settings.self, of: "eva_config") }

  func start(
    _ method: LoRA, for layers: [any AdaptableLayer], on data: Calibration, probes: Probes,
    generator: Generator
  ) throws -> CalibratedStart {
    let settings = try method.settings(Settings.self, of: "eva_config")
    let search = try ComponentSearch(layers, method, settings)
    let warnings = try search.run(on: data, probes)
    var (decided, factors) = (method, [String: InitialFactors]())
    (decided.rankPattern, decided.alphaPattern) = (LayerPattern(), LayerPattern())
    var names: [String] = []
    for (layer, rank) in zip(layers, search.ranks) where rank > 0 {
      let (before, alpha) = (try method.rank(for: layer.name), try method.alpha(for: layer.name))
      let adjusted = settings.adjustsScaling ? alpha.value * Double(rank) / Double(before) : alpha.value
      names.append(layer.name)
      if rank != method.rank { decided.rankPattern.entries.append((layer.name, rank)) }
      if adjusted != method.alpha.value {
        decided.alphaPattern.entries.append((layer.name, WholeOrReal(adjusted)))
      }
      let outputs = try layer.linearSizes().outputs
      factors[layer.name] = try InitialFactors(
        a: search.components(of: layer, rank: rank), b: .zeros([outputs, rank]))
    }
    decided.targeting.modules = .names(names)
    return CalibratedStart(method: decided, factors: factors, warnings: warnings)
  }
}
