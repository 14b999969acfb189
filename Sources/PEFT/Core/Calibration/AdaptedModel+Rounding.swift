import NN
import Torch

/// What calibrated rounding made of a model.
public struct RoundingReport: Sendable {
  /// How far a layer's outputs for the data are from those of the dense weight, relatively.
  public struct Layer: Sendable {
    public let name: String
    public let nearest, calibrated: Double
  }

  public internal(set) var layers: [Layer] = []
  /// Layers that the data did not reach; they are rounded to the nearest.
  public internal(set) var unreached: [String] = []

  /// Means over the layers.
  public var nearest: Double { mean(\.nearest) }
  public var calibrated: Double { mean(\.calibrated) }

  private func mean(_ error: KeyPath<Layer, Double>) -> Double {
    layers.reduce(0) { $0 + $1[keyPath: error] } / Double(max(1, layers.count))
  }
}

extension AdaptedModel {
  /// Rounds weights in groups, which were rounded to the nearest while they were loaded, again by GPTQ: block after
  /// block of layers, each for the inputs that it gets from those before it as they are by then.
  ///
  /// Source: Frantar et al. 2022, "GPTQ", section 4.
  ///
  /// - Parameters:
  ///   - data: texts to look at; the model reads them once for every block, as far as that block.
  ///   - ordersByActivation: whether inputs take their turn by size (`desc_act`).
  ///   - progress: told how many of how many blocks are done.
  /// - Throws: `AdapterError` where there is nothing to round; `QuantizationError` for inputs that say nothing.
  public func roundAgain(
    on data: Calibration, ordersByActivation: Bool, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> RoundingReport {
    let layers = store.layers.filter { $0.weight is GroupedWeight }
    guard !layers.isEmpty, data.count > 0 else {
      throw AdapterError(
        "no weights in groups, or no data: load the model with gptq, and give texts to look at")
    }
    var report = RoundingReport()
    let blocks = Self.blocks(layers)
    for (index, block) in blocks.enumerated() {
      let next = index + 1 < blocks.count ? blocks[index + 1] : []
      try round(block, before: next, data, ordersByActivation, &report)
      progress(index + 1, blocks.count)
    }
    return report
  }

  /// Layers whose names are the same up to the first number.
  private static func blocks(_ layers: [any AdaptableLayer]) -> [[any AdaptableLayer]] {
    var (blocks, keys) = ([[any AdaptableLayer]](), [String: Int]())
    for layer in layers {
      let parts = layer.name.split(separator: ".")
      let number = parts.firstIndex { Int($0) != nil }
      let key = number.map { parts[...$0].joined(separator: ".") } ?? layer.name
      if keys[key] == nil {
        keys[key] = blocks.count
        blocks.append([])
      }
      blocks[keys[key] ?? 0].append(layer)
    }
    return blocks
  }

  private func round(
    _ block: [any AdaptableLayer], before next: [any AdaptableLayer], _ data: Calibration,
    _ ordersByActivation: Bool, _ report: inout RoundingReport
  ) throws {
    var (nearest, dense) = ([GroupedWeight](), [Tensor]())
    for layer in block {
      guard let weight = layer.weight as? GroupedWeight, let original = try store.original(of: weight) else {
        throw AdapterError("\(layer.name) is rounded in the checkpoint already: start from the dense model")
      }
      nearest.append(weight)
      try dense.append(original.contiguous())
      // Within the block, inputs are those of dense weights.
      layer.weight = Parameter(name: layer.weightName, tensor: dense[dense.count - 1])
    }
    let hessians = try hessians(of: block, before: next, data)
    for (place, layer) in block.enumerated() {
      let (weight, original) = (nearest[place], dense[place])
      guard let hessian = hessians[place] else {
        layer.weight = weight
        report.unreached.append(layer.name)
        continue
      }
      let rounded = try weight.calibrated(original, hessian: hessian, ordersByActivation: ordersByActivation)
      layer.weight = rounded
      report.layers.append(
        RoundingReport.Layer(
          name: layer.name, nearest: try Self.error(of: weight, original, hessian),
          calibrated: try Self.error(of: rounded, original, hessian)))
    }
  }

  /// The sum of X^T X over the data, [in, in], for each layer that the data reaches.
  private func hessians(
    of block: [any AdaptableLayer], before next: [any AdaptableLayer], _ data: Calibration
  ) throws -> [Tensor?] {
    struct Done: Error {}
    var sums = [Tensor?](repeating: nil, count: block.count)
    for index in 0..<data.count {
      let batch = try data.batch(index)
      var probes = block.enumerated().map { place, layer in
        let probe = LayerProbe(onInput: { x in
          let rows = try batch.rows(of: x, targetsOnly: false).to(dtype: .float32)
          guard rows.shape[0] > 0 else { return }
          sums[place] = try sums[place]?.addmm_(rows.t(), rows) ?? rows.t().mm(rows)
        })
        return (layer: layer, probe: probe)
      }
      // Nothing behind this block needs to be computed.
      probes += next.map { (layer: $0, probe: LayerProbe(onInput: { _ in throw Done() })) }
      do {
        try withoutGradients { try Probes(self).run(probes) { _ = try batch.loss() } }
      } catch is Done {}
    }
    return sums
  }

  /// The norm of what rounding does to the outputs, over that of the outputs: with D the difference of the weights, the
  /// root of the trace of D H D^T.
  private static func error(of weight: GroupedWeight, _ original: Tensor, _ hessian: Tensor) throws -> Double
  {
    func size(_ matrix: Tensor) throws -> Double {
      let value: Double = try (matrix.mm(hessian) * matrix).sum().item()
      return max(0, value).squareRoot()
    }
    return try withoutGradients {
      let dense = try original.to(dtype: .float32)
      return try size(weight.dense(.float32) - dense) / max(size(dense), 1e-30)
    }
  }
}
