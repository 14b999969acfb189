import Torch

/// Hands out a model's parameters while it is being built, and remembers what was built.
///
/// Construction is the traversal: the store gives each layer the checkpoint's tensor (or an initial value) and
/// records it under its full name, in order. The state dict, the adaptable layers and the keys that are missing,
/// unexpected or of another shape fall out of that.
public final class VariableStore {
  public let device: Device
  /// The type of floating-point parameters; nil leaves each as the checkpoint has it.
  public let dtype: DType?
  /// How weights of linear layers are quantized while they are loaded; nil as the checkpoint has them.
  public let quantization: Quantization?
  /// How they are quantized in the checkpoint; nil where config.json does not say.
  private let stored: StoredQuantization?
  public let mode = Mode()
  /// In the order of construction, tied ones once.
  public private(set) var parameters: [Parameter] = []
  /// Weights that are kept in few bits, in the order of construction; they are no parameters.
  public private(set) var quantizedWeights: [any QuantizedWeight] = []
  /// Every name of such a weight, in the order of construction; layers that are built again share one.
  public private(set) var quantizedNames: [(name: String, weight: any QuantizedWeight)] = []
  /// Further names of parameters, in the order of construction.
  public private(set) var ties: [(name: String, parameter: Parameter)] = []
  /// Names of layers that are built again from the same parameters, in the order of construction.
  public private(set) var copies: [(name: String, parameter: Parameter)] = []
  /// In the order of construction.
  public private(set) var layers: [any AdaptableLayer] = []
  /// Where the weights were before they were rounded, for a checkpoint that keeps them in few bits itself.
  public var originals: (any TensorSource)?
  /// Where soft prompts go; nil for a model that reads none.
  public private(set) var prompts: PromptSlot?
  /// What the checkpoint lacks, has in excess, or has in another shape.
  public private(set) var report: LoadReport
  /// Tensors of the checkpoint that the model does not compute with, and that are written back with it.
  public private(set) var passengers: [String] = []

  private let source: (any TensorSource)?
  private let isFresh: (String) -> Bool
  private let replacesHeads: Bool
  private let origin: ((String) -> String)?
  private let staysWide: (String) -> Bool
  private let generator: Generator
  private var parametersByName: [String: Parameter] = [:]
  private var parametersByOrigin: [String: Parameter] = [:]
  private var quantizedByOrigin: [String: any QuantizedWeight] = [:]
  private var layersByName: [String: any AdaptableLayer] = [:]
  private var layersByParameter: [String: any AdaptableLayer] = [:]

  /// - Parameters:
  ///   - source: the checkpoint; nil for a model with initial values.
  ///   - seed: of the initial values.
  ///   - quantization: of the linear layers, but for those that `isFresh` names.
  ///   - stored: how the checkpoint is quantized already.
  ///   - isFresh: whether a parameter may start from its initial value although there is a checkpoint, as a new
  ///     task head does. Any other that the checkpoint lacks goes into the report and holds zeros.
  ///   - replacesHeads: whether such a parameter starts anew too where the checkpoint has it in another shape.
  ///   - origin: the checkpoint's name of a parameter, where it is another; parameters with one origin are one.
  ///   - staysWide: whether a parameter is float32 although `dtype` is float16, whose range it would leave.
  public init(
    _ source: (any TensorSource)? = nil, dtype: DType? = nil, device: Device = .cpu, seed: UInt64 = 0,
    quantization: Quantization? = nil, stored: StoredQuantization? = nil,
    isFresh: @escaping (String) -> Bool = { _ in false }, replacesHeads: Bool = false,
    origin: ((String) -> String)? = nil,
    staysWide: @escaping (String) -> Bool = { _ in false }
  ) throws {
    self.source = source
    self.dtype = dtype
    self.device = device
    (self.quantization, self.stored) = (quantization, stored)
    (self.isFresh, self.origin, self.staysWide) = (isFresh, origin, staysWide)
    self.replacesHeads = replacesHeads
    generator = try Generator(seed: seed)
    report = LoadReport(available: source?.names ?? [])
  }

  /// Whether layers stand for layers of the checkpoint with other numbers.
  public var isStacked: Bool { origin != nil }

  public var root: Path { Path(store: self, name: "") }

  public func parameter(named name: String) -> Parameter? { parametersByName[name] }
  public func layer(named name: String) -> (any AdaptableLayer)? { layersByName[name] }

  /// The number of elements in all parameters.
  public var parameterCount: Int {
    parameters.reduce(0) { $0 + $1.tensor.count }
      + quantizedWeights.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  /// The memory that parameters and quantized weights take.
  public var byteCount: Int {
    parameters.reduce(0) { $0 + $1.tensor.byteCount } + quantizedWeights.reduce(0) { $0 + $1.byteCount }
  }

  /// Takes names out of the unexpected ones; see ``LoadReport/forgive(where:)``.
  public func forgive(where isHarmless: (String) -> Bool) { report.forgive(where: isHarmless) }

  /// Takes names out of the unexpected ones, to be written back as they are.
  public func carry(where belongs: (String) -> Bool) {
    let names = report.unexpected.filter(belongs)
    passengers += names
    for name in names { report.used(name) }
  }

  /// A tensor of the checkpoint that the model does not compute with.
  public func passenger(named name: String) throws -> Tensor? { try source?.tensor(named: name) }

  /// The tensors of the checkpoint that `name` is to be written as; empty for one of that name.
  public func parts(of name: String) -> [StoredPart] { isStacked ? [] : source?.parts(of: name) ?? [] }

  /// Whether the checkpoint has a tensor called `name`, so that the parameter does not start from an initial value.
  public func hasCheckpointTensor(_ name: String) -> Bool { source?.shape(of: name) != nil }

  /// Whether the checkpoint keeps different tensors under two names, so that they cannot be one parameter.
  public func tellsApart(_ first: String, _ second: String) throws -> Bool {
    guard let source, let shape = source.shape(of: first), let other = source.shape(of: second) else {
      return false
    }
    return try shape != other
      || !source.tensor(named: first).isIdentical(to: source.tensor(named: second))
  }

  /// The parameter called `name`: the checkpoint's tensor, or `initial`.
  ///
  /// - Parameter aliases: other names under which a checkpoint may keep it (a tied twin's, an older spelling).
  func parameter(
    _ name: String, shape: [Int], initial: Initializer, aliases: [String] = [], isConstant: Bool = false
  ) throws -> Parameter {
    if let known = parametersByName[name] { return known }
    let key = origin?(name) ?? name
    if let shared = parametersByOrigin[key], shared.tensor.shape == shape {
      copies.append((name, shared))
      parametersByName[name] = shared
      return shared
    }
    let parameter = Parameter(
      name: name, tensor: try load(key, shape, initial, aliases, isCount: isConstant), isConstant: isConstant)
    parameters.append(parameter)
    parametersByName[name] = parameter
    parametersByOrigin[key] = parameter
    return parameter
  }

  /// Records that `name` is another name of a parameter, so that a checkpoint may have it too.
  func tie(_ name: String, to parameter: Parameter) {
    parametersByName[name] = parameter
    ties.append((name, parameter))
    report.used(name)
  }

  /// Says that the model reads soft prompts of `shape`, which may begin as rows of `embedding`.
  ///
  /// - Returns: the place to look for the one that is active.
  public func readPrompts(_ shape: PromptShape, embedding: Embedding) -> PromptSlot {
    let slot = PromptSlot(shape, embedding: embedding, mode: mode)
    prompts = slot
    return slot
  }

  /// The weight called `name` of a linear layer [out, in]: quantized, where the checkpoint or the caller says so.
  ///
  /// - Parameter isTurned: whether the dense weight is [in, out] in the checkpoint, and here; quantized ones never are.
  func weight(
    _ name: String, shape: [Int], initial: Initializer, isTurned: Bool = false
  ) throws -> any WeightStorage {
    if let known = parametersByName[name] { return known }
    if let known = quantizedNames.first(where: { $0.name == name }) { return known.weight }
    let key = origin?(name) ?? name
    if let shared = quantizedByOrigin[key], shared.shape == shape {
      quantizedNames.append((name, shared))
      return shared
    }
    if let source, let file = try StoredQuantization.weight(of: key, in: source, settings: stored) {
      for name in file.names { report.used(name) }
      return add(try file.weight(named: name, shape: shape, dtype: dtype, device: device), origin: key)
    }
    let module = String(name.dropLast(".weight".count))
    let dense = isTurned ? shape.reversed() : shape
    guard let quantization, quantization.applies(to: module), !isFresh(name) else {
      return try parameter(name, shape: dense, initial: initial)
    }
    let count = (report.missing.count, report.mismatched.count)
    let tensor = try load(key, dense, initial, [])
    guard (report.missing.count, report.mismatched.count) == count else {
      // An error to come; nothing is worth rounding.
      return Parameter(name: name, tensor: tensor)
    }
    return add(
      try quantization(isTurned ? tensor.t().contiguous() : tensor, name: name), origin: key)
  }

  /// A quantized weight as it was before, [out, in]; nil where nobody has it.
  ///
  /// - Throws: ``TorchError`` when the original has another shape.
  public func original(of weight: any QuantizedWeight) throws -> Tensor? {
    let key = origin?(weight.name) ?? weight.name
    let isOwn =
      try source.map { try StoredQuantization.weight(of: key, in: $0, settings: stored) == nil } ?? false
    guard let place = originals ?? (isOwn ? source : nil), let shape = place.shape(of: key) else {
      return nil
    }
    let isTurned = layer(of: weight.name)?.isTurnedInFiles ?? false
    let wanted: [Int] = isTurned ? weight.shape.reversed() : weight.shape
    guard shape == wanted else {
      throw TorchError(
        .invalid, "\(key) is \(shape) among the originals and \(wanted) in the base: give those of this base")
    }
    let tensor = try place.tensor(named: key).to(dtype: weight.dtype, device: weight.device)
    return isTurned ? try tensor.t() : tensor
  }

  private func add(_ weight: any QuantizedWeight, origin key: String) -> any QuantizedWeight {
    quantizedWeights.append(weight)
    quantizedNames.append((weight.name, weight))
    quantizedByOrigin[key] = weight
    return weight
  }

  func add(_ layer: any AdaptableLayer) {
    layers.append(layer)
    layersByName[layer.name] = layer
    layersByParameter[layer.weightName] = layer
    layersByParameter[layer.biasName] = layer
  }

  /// The layer that a parameter called `name` belongs to.
  public func layer(of name: String) -> (any AdaptableLayer)? { layersByParameter[name] }

  private func load(
    _ name: String, _ shape: [Int], _ initial: Initializer, _ aliases: [String], isCount: Bool = false
  ) throws -> Tensor {
    let wanted = dtype == .float16 && staysWide(name) ? .float32 : dtype
    if let tensor = try stored(name, shape, aliases, isCount: isCount) {
      return try tensor.to(dtype: tensor.dtype.isFloatingPoint ? wanted : nil, device: device)
    }
    let type = wanted ?? .float32
    // What a checkpoint should have had is an error to come; it takes no memory.
    guard source == nil || isFresh(name) else {
      return try Tensor.zeros([], dtype: type, device: device).expanded(shape)
    }
    return try initial.tensor(shape, generator: generator).to(dtype: type, device: device)
  }

  /// The checkpoint's tensor under the first name that it has; a misfit goes into the report.
  private func stored(
    _ name: String, _ shape: [Int], _ aliases: [String], isCount: Bool
  ) throws -> Tensor? {
    guard let source else { return nil }
    guard let key = ([name] + aliases).first(where: { source.shape(of: $0) != nil }) else {
      if !isFresh(name) { report.addMissing(name) }
      return nil
    }
    report.used(key)
    if let found = source.shape(of: key), found != shape {
      if replacesHeads, isFresh(name) { return nil }
      report.addMismatch(key, found: found, expected: shape)
      return nil
    }
    let tensor = try source.tensor(named: key)
    guard tensor.dtype.isFloatingPoint || isCount else {
      report.addWrongType(key, tensor.dtype)
      return nil
    }
    return tensor
  }
}
