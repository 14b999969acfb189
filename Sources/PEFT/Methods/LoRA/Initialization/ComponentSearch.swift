import NN
import Torch

/// EVA's search: components of every layer's inputs, and how many of them each layer gets.
///
/// Layers that read the same input share their components.
final class ComponentSearch {
  /// The rank of each layer, as things stand.
  private(set) var ranks: [Int]
  private let layers: [any AdaptableLayer]
  private let settings: EVA.Settings
  private let limits: [Int]
  private let budget: Int
  private var sources: [Source] = []
  /// The source of each layer.
  private var sourceOf: [Int]

  /// One input, and what is known of it.
  private struct Source {
    var analysis: IncrementalPCA
    var hasSettled: [Bool]
    /// Layers that read it, by place; the first looks.
    var readers: [Int]
  }

  /// Passes over a batch after which components are taken as they are.
  private static let patience = 1000

  init(_ layers: [any AdaptableLayer], _ method: LoRA, _ settings: EVA.Settings) throws {
    (self.layers, self.settings) = (layers, settings)
    ranks = try layers.map { try method.rank(for: $0.name) }
    budget = ranks.reduce(0, +)
    limits = try zip(layers, ranks).map { layer, rank in
      let wanted = min((Double(rank) * settings.rho).rounded(.toNearestOrEven), Double(Int32.max))
      return min(Int(wanted), try layer.linearSizes().inputs)
    }
    sourceOf = Array(layers.indices)
  }

  func components(of layer: any AdaptableLayer, rank: Int) throws -> Tensor {
    let place = layers.firstIndex { $0 === layer }
    let analysis = place.map { sources[sourceOf[$0]].analysis }
    guard let components = analysis?.components, let values = analysis?.singularValues else {
      throw AdapterError("nothing was measured of \(layer.name): give more calibration batches")
    }
    let rows = try components.slice(0, 0..<rank)
    return settings.whitens ? try rows / values.slice(0, 0..<rank).sqrt().unsqueezed(1) : rows
  }

  /// Goes through the batches until every component that is used stands still.
  ///
  /// - Returns: what the user should know.
  func run(on data: Calibration, _ probes: Probes) throws -> [String] {
    try withoutGradients {
      try findSources(data.batch(0), probes)
      ranks = limits
      for pass in 0..<Self.patience {
        let waiting = sources.indices.filter { !hasSettled($0) }
        if pass > 0, waiting.isEmpty { return [] }
        try look(at: data.batch(pass % data.count), waiting, probes)
        if pass + 1 == data.count, let missing = sources.first(where: { $0.analysis.components == nil }) {
          throw AdapterError(
            "no calibration batch has the \(missing.analysis.count) rows that eva needs for "
              + "\(layers[missing.readers[0]].name): raise batch_size, or set eva_config use_label_mask to false"
          )
        }
        if sources.allSatisfy({ $0.analysis.components != nil }) { ranks = redistributed() }
      }
      return ["eva: components still move after \(Self.patience) batches: lower eva_config tau"]
    }
  }

  private func hasSettled(_ source: Int) -> Bool {
    let needed = sources[source].readers.map { ranks[$0] }.max() ?? 0
    return sources[source].hasSettled.prefix(needed).allSatisfy(\.self)
  }

  /// Finds out which layers read the same input, by one pass: those are handed the very same tensor, one after another.
  private func findSources(_ batch: Calibration.Batch, _ probes: Probes) throws {
    var last: (x: Tensor, source: Int)?
    var found = [Int?](repeating: nil, count: layers.count)
    var groups: [[Int]] = []
    let made = layers.enumerated().map { place, layer in
      let probe = LayerProbe(onInput: { x in
        guard found[place] == nil else { return }
        if let last, last.x === x {
          groups[last.source].append(place)
          found[place] = last.source
        } else {
          found[place] = groups.count
          last = (x, groups.count)
          groups.append([place])
        }
      })
      return (layer, probe)
    }
    try probes.run(made) { _ = try batch.loss() }
    if let place = found.firstIndex(of: nil) {
      throw AdapterError(
        "no calibration batch reaches \(layers[place].name): exclude it, or give batches that do")
    }
    // In the order of the layers, whichever ran first.
    let ordered = groups.map { $0.sorted() }.sorted { $0[0] < $1[0] }
    sources = ordered.map { readers in
      let count = readers.map { limits[$0] }.max() ?? 0
      return Source(
        analysis: IncrementalPCA(count: count), hasSettled: Array(repeating: false, count: count),
        readers: readers)
    }
    for (index, readers) in ordered.enumerated() { for place in readers { sourceOf[place] = index } }
  }

  private func look(at batch: Calibration.Batch, _ waiting: [Int], _ probes: Probes) throws {
    let made = waiting.map { index in
      let probe = LayerProbe(onInput: { [self] x in
        let rows = try batch.rows(of: x, targetsOnly: settings.usesLabelMask)
        guard rows.shape[0] >= sources[index].analysis.count else { return }
        let before = sources[index].analysis.components
        try sources[index].analysis.add(rows)
        guard let before, let after = sources[index].analysis.components else { return }
        // Both have rows of length one.
        let cosines = try (before * after).sum([1]).array(of: Float.self)
        sources[index].hasSettled = cosines.map { Double($0) >= settings.tau }
      })
      return (layers[sources[index].readers[0]], probe)
    }
    try probes.run(made) { _ = try batch.loss() }
  }

  /// As many components as the budget allows, those that explain most.
  private func redistributed() -> [Int] {
    // Layers that look for themselves come first, as in the reference; the order decides between equals.
    let order = sources.map { $0.readers[0] } + sources.flatMap { $0.readers.dropFirst() }
    let limit = sources.map { source in source.readers.map { limits[$0] }.max() ?? 0 }
    let candidates = order.flatMap { place in
      sources[sourceOf[place]].analysis.explainedRatio.prefix(limit[sourceOf[place]]).map { (place, $0) }
    }
    let best = candidates.enumerated().sorted {
      ($1.element.1, $0.offset) < ($0.element.1, $1.offset)
    }.prefix(budget)
    var counts = [Int](repeating: 0, count: layers.count)
    for (_, candidate) in best { counts[candidate.0] += 1 }
    for source in sources {
      // The layer that looks has at least the rank of those that share with it.
      for reader in source.readers.dropFirst() where counts[reader] > counts[source.readers[0]] {
        counts.swapAt(reader, source.readers[0])
      }
    }
    return counts
  }
}
