import NN
import Torch

/// A method whose adapters may start from what a few batches show.
protocol CalibratedMethod: AdapterMethod {
  /// Whether these fields ask for it.
  var needsCalibration: Bool { get }
  /// Looks at the data, layer by layer; the model's adapters are out of the way.
  func calibrated(
    for layers: [any AdaptableLayer], on data: Calibration, probes: Probes, generator: Generator
  ) throws -> CalibratedStart
}

/// What data decides of an adapter.
struct CalibratedStart {
  var method: any AdapterMethod
  /// The initial factors, by layer.
  var factors: [String: InitialFactors] = [:]
  /// What the user should know.
  var warnings: [String] = []
}

extension AdaptedModel {
  /// Lets a method that asks for it look at data, before anything is inserted; the configuration gets what is decided.
  func calibrate(
    _ configuration: inout AdapterConfiguration, on data: Calibration?
  ) throws -> CalibratedStart {
    var start = CalibratedStart(method: configuration.method)
    guard (start.method as? any CalibratedMethod)?.needsCalibration == true else { return start }
    guard let data, data.count > 0 else {
      throw AdapterError(
        "the initialization depends on data, and there is none: give calibration batches, or choose another")
    }
    if let merged = names.first(where: isMerged) {
      throw AdapterError("adapter '\(merged)' is merged: unmerge it before another looks at data")
    }
    addHeads(to: &configuration)
    let targets = try settleTargets(of: &configuration).layers
    for layer in targets { try configuration.method.check(layer) }
    let wasTraining = store.mode.isTraining
    store.mode.isTraining = false
    defer { store.mode.isTraining = wasTraining }
    if let method = configuration.method as? any CalibratedMethod {
      start = try method.calibrated(for: targets, on: data, probes: Probes(self), generator: generator)
      configuration.method = start.method
    }
    return start
  }
}

/// Puts probes into layers for as long as a pass over data takes, and the adapters out of the way.
struct Probes {
  private let model: AdaptedModel
  private static let name = "probe."

  init(_ model: AdaptedModel) { self.model = model }

  func run(_ probes: [(layer: any AdaptableLayer, probe: LayerProbe)], _ pass: () throws -> Void) throws {
    for (layer, probe) in probes { layer.slot.insert(probe, named: Self.name, isActive: true) }
    for layer in model.store.layers { layer.slot.activate([Self.name]) }
    defer {
      for (layer, _) in probes { try? layer.slot.remove(Self.name) }
      for layer in model.store.layers { layer.slot.activate(model.active) }
    }
    try pass()
  }
}
