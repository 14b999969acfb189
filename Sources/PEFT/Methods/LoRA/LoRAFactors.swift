import Configuration
import JSON
import NN
import Torch

/// An adapter that started with something taken off the base.
protocol StartsFromBase: LayerAdapter {
  var factors: LoRAFactors { get }
}

extension StartsFromBase {
  /// What was taken off, under the names of the factors that train.
  var initialParameters: [AdapterParameter] { factors.initial.map { [$0.a, $0.b] } ?? [] }
}

/// A and B of a layer, and what was taken off the base when they started.
///
/// The base itself is never written: W - s B0 A0 + s B A is W + s [B, -B0][A; A0], so its bits are there whenever the
/// adapter is not, merging at the start gives W back exactly, and adapters combine in any order.
struct LoRAFactors {
  let a, b: AdapterParameter
  /// A0 and B0; nil where nothing was taken off.
  let initial: (a: AdapterParameter, b: AdapterParameter)?
  /// What the layer computes with instead of its weight, in the weight's layout and type; nil for the weight itself.
  let replacement: (any WeightStorage)?

  init(
    _ layer: any AdaptableLayer, rank: Int, scale: Double, _ method: LoRA, _ context: InjectionContext
  ) throws {
    let (device, initializer) = (layer.weight.device, method.initialization.initializer)
    let start = try method.factors(for: layer, rank: rank, scale: scale, context)
    a = AdapterParameter("lora_A.weight", try start.a.to(device: device))
    b = AdapterParameter("lora_B.weight", try start.b.to(device: device), isLearned: initializer.trainsB)
    initial =
      try initializer.isOffset && layer.isLinear
      && !(context.isFromFile && !context.hasStart && initializer.needsData)
      ? (
        AdapterParameter(a.name, a.tensor.clone(), isLearned: false),
        AdapterParameter(b.name, b.tensor.clone(), isLearned: false)
      ) : nil
    replacement = start.replacement
  }

  /// The factors whose product, times s, is the whole change of the weight.
  func whole() throws -> (a: Tensor, b: Tensor) {
    guard let initial else { return (a.tensor, b.tensor) }
    return (
      try .cat([a.tensor, initial.a.tensor], dim: 0), try .cat([b.tensor, -initial.b.tensor], dim: 1)
    )
  }

  /// The output below, on the weight or what takes its place.
  func output(_ x: Tensor, of base: AdapterBase) throws -> Tensor {
    guard let replacement else { return try base.output(x) }
    let layer = base.layer
    let replaced = try layer.output(x, weight: replacement, bias: layer.bias?.tensor)
    if base.isBare, layer.weight === layer.untouchedWeight { return replaced }
    // What lies below keeps what it adds.
    let plain = try layer.output(x, weight: layer.untouchedWeight, bias: layer.bias?.tensor)
    return try base.output(x) + replaced - plain
  }

  func fold(into folding: inout Folding) throws {
    guard let replacement else { return }
    folding.weight = try folding.weight + replacement.dense(.float32) - folding.untouched
  }
}

extension LoRA {
  /// Where A and B start, on a linear layer or an embedding.
  func factors(
    for layer: any AdaptableLayer, rank: Int, scale: Double, _ context: InjectionContext
  ) throws -> InitialFactors {
    let initializer = initialization.initializer
    let request = FactorRequest(rank: rank, scale: scale, method: self, context: context)
    // What a folder brings, and data that is not there, need not be worked out.
    let isGiven =
      context.isFromFile && (context.hasStart || initializer.needsData || !initialization.changesBase)
    guard isGiven else { return try withoutGradients { try initializer.factors(of: layer, request) } }
    guard context.isLoading else { return try RandomFactors.kaiming.factors(of: layer, request) }
    let shapes = try layer.factorShapes(rank: rank)
    return try InitialFactors(a: .zeros(shapes.a), b: .zeros(shapes.b))
  }
}

extension LoRA: CalibratedMethod {
  var needsCalibration: Bool { initialization.needsData }

  func calibrated(
    for layers: [any AdaptableLayer], on data: Calibration, probes: Probes, generator: Generator
  ) throws -> CalibratedStart {
    guard let initializer = initialization.initializer as? any DataInitializer else {
      return CalibratedStart(method: self)
    }
    let factored = try layers.filter { try magnitudeOnly?.matches($0.name) != true }
    return try initializer.start(self, for: factored, on: data, probes: probes, generator: generator)
  }
}
