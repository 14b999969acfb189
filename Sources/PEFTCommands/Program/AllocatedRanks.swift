import FineTuning
import Files
import PEFT
import Reports

/// The ranks that AdaLoRA gave to the layers of an adapter, as a chart.
struct AllocatedRanks {
  /// Over time where `folder` is that of a run, else as they are.
  let chart: HeatMap

  /// Nil for methods that allocate no ranks.
  ///
  /// - Throws: `FileError` when the run's metrics cannot be read.
  init?(_ adapter: AdapterInspection, folder: String) throws {
    guard adapter.configuration.method is AdaLoRA else { return nil }
    let metrics = Folder.join(folder, "metrics.jsonl")
    let overTime = Folder.hasFile(metrics) ? HeatMap(ranksOver: MetricsLog(try WholeFile.read(metrics))) : nil
    chart =
      overTime ?? HeatMap(ranks: adapter.layers.compactMap { layer in layer.rank.map { (layer.name, $0) } })
  }
}
