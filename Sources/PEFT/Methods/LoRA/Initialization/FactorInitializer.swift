import Configuration
import JSON
import NN
import Torch

/// One way to start A and B (`init_lora_weights`): a file here, and a line of ``LoRAInitialization``'s list.
protocol FactorInitializer: Sendable {
  /// How its values are written, for messages: `pissa`, `pissa_niter_N`.
  static var spellings: [String] { get }
  /// Nil when the field's value means another one.
  init?(_ value: JSONValue)

  func supports(_ kind: LayerKind) -> Bool
  /// The highest rank that a layer allows; nil for any.
  func rankLimit(_ layer: any AdaptableLayer) throws -> Int?
  /// Whether the initial update is taken off the base, so that nothing changes at the start.
  var isOffset: Bool { get }
  /// Whether training changes B.
  var trainsB: Bool { get }
  /// Whether factors come from data; see ``DataInitializer``.
  var needsData: Bool { get }
  /// Checks what the configuration says besides.
  func validate(_ method: LoRA) throws
  func factors(of layer: any AdaptableLayer, _ request: FactorRequest) throws -> InitialFactors
}

extension FactorInitializer {
  func supports(_ kind: LayerKind) -> Bool {
    switch kind {
    case .linear, .transposedLinear: true
    case .embedding, .convolution, .norm, .parameter: false
    }
  }
  func rankLimit(_ layer: any AdaptableLayer) throws -> Int? { nil }
  var isOffset: Bool { false }
  var trainsB: Bool { true }
  var needsData: Bool { false }
  func validate(_ method: LoRA) throws {}
}

/// An initializer that looks at data before anything is inserted.
protocol DataInitializer: FactorInitializer {
  func start(
    _ method: LoRA, for layers: [any AdaptableLayer], on data: Calibration, probes: Probes,
    generator: Generator
  ) throws -> CalibratedStart
}

extension DataInitializer {
  var needsData: Bool { true }

  func factors(of layer: any AdaptableLayer, _ request: FactorRequest) throws -> InitialFactors {
    try measuredFactors(of: layer, request)
  }

  func measuredFactors(of layer: any AdaptableLayer, _ request: FactorRequest) throws -> InitialFactors {
    guard let measured = request.context.factors[layer.name] else {
      throw AdapterError("nothing was measured of \(layer.name): add the adapter with calibration batches")
    }
    return measured
  }
}

/// What factors are asked for.
struct FactorRequest {
  let rank: Int
  /// s: the update is s B A.
  let scale: Double
  let method: LoRA
  let context: InjectionContext
}

/// Where A [r, in] and B [out, r] start.
struct InitialFactors {
  var a, b: Tensor
  /// What the layer computes with instead of its weight, in the weight's layout.
  var replacement: (any WeightStorage)?

  /// Copies: a part of a decomposition would keep the whole alive, and layers that share one would train as one.
  init(a: Tensor, b: Tensor, replacement: (any WeightStorage)? = nil) throws {
    (self.a, self.b) = (try a.contiguous().clone(), try b.contiguous().clone())
    self.replacement = replacement
  }
}

extension AdaptableLayer {
  /// The untouched weight as one matrix [outputs, inputs], float32, whichever way the layer stores it.
  func untouchedMatrix() throws -> Tensor { try matrix(untouchedWeight.dense(.float32).detached()) }

  /// The smaller side of that matrix: the number of its singular values.
  func smallerSide() throws -> Int {
    let (inputs, outputs) = try linearSizes()
    return min(inputs, outputs)
  }

  /// Whether the layer is linear, in either layout.
  var isLinear: Bool {
    switch kind {
    case .linear, .transposedLinear: true
    case .embedding, .convolution, .norm, .parameter: false
    }
  }
}
