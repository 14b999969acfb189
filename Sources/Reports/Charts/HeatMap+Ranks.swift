/// Ranks of adapted layers as shades: over the steps of a run, or over the blocks of a model.
import JSON

extension HeatMap {
  /// The rank of each layer over time, as rank allocation logs it under `ranks`; nil for a run without it.
  public init?(ranksOver metrics: MetricsLog, width: Double = 720) {
    let tables = metrics.tables("ranks")
    var layers: [String] = []
    var known: Set<String> = []
    for key in tables.lazy.flatMap(\.values.keys) where known.insert(key).inserted { layers.append(key) }
    guard !layers.isEmpty else { return nil }
    self.init(
      title: "Rank of each layer", rows: layers,
      columns: .positions(tables.map(\.step), Axis("step", format: .count)),
      values: layers.map { layer in tables.map { $0.values[layer]?.doubleValue } }, width: width)
  }

  /// The rank of each layer now: modules under each other, and a column for each block, by the first number in a path.
  ///
  /// - Parameter ranks: paths of layers, in the order of their blocks.
  public init(ranks: [(layer: String, rank: Int)], width: Double = 720) {
    let outside = "-"
    var (modules, blocks) = ([String](), [String]())
    var cells: [String: [String: Double]] = [:]
    for (layer, rank) in ranks {
      var parts = layer.split(separator: ".").map(String.init)
      let place = parts.firstIndex { Int($0) != nil }
      let block = place.map { parts.remove(at: $0) } ?? outside
      let module = (place.map { Array(parts[$0...]) } ?? parts).joined(separator: ".")
      if cells[module] == nil { modules.append(module) }
      if !blocks.contains(block) { blocks.append(block) }
      cells[module, default: [:]][block] = Double(rank)
    }
    self.init(
      title: "Rank of each layer", note: "columns are blocks", rows: modules, columns: .names(blocks),
      values: modules.map { module in blocks.map { cells[module]?[$0] } }, width: width)
  }
}
