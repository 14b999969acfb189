import Configuration
import NN
import Torch

/// The difference of two checkpoints of one architecture as an adapter.
///
/// Changed matrices become low-rank updates, one pair of tensors at a time, so that neither model is ever in memory as
/// a whole. What has no low-rank update (embeddings, norms, biases) is reported, or saved whole on demand.
public struct Extraction {
  /// A matrix that is an update now.
  public struct Layer: Sendable {
    public let name: String
    public let rank: Int
    /// The share of the squared norm of the difference that the update has.
    public let energy: Double
  }

  /// A tensor that changed and is no update.
  public struct Other: Sendable {
    public let name: String
    /// The norm of the difference over that of the base's tensor.
    public let change: Double
  }

  public let adapter: AdapterFolder
  public let layers: [Layer]
  public let others: [Other]
  /// The number of tensors that are the same in both.
  public let unchanged: Int

  /// - Parameters:
  ///   - modules: the only modules to make updates of; nil for all matrices but embeddings.
  ///   - savesOthers: whether what is no update is saved whole with the adapter (`modules_to_save`, `bias: all`).
  ///   - isTransposed: whether the weight of a module is stored [in, out].
  /// - Throws: ``AdapterError`` naming tensors that only one of them has or that differ in shape, and when nothing differs.
  public init(
    base: any TensorSource, tuned: any TensorSource, keeping truncation: Truncation,
    modules: ModuleSelection? = nil, savesOthers: Bool = false, shared: AdapterConfiguration.Shared = .init(),
    isTransposed: (String) -> Bool = { _ in false }
  ) throws {
    try truncation.validate()
    try Self.requireSameTensors(base, tuned)
    var (updates, layers, others, unchanged) = ([LayerUpdate](), [Layer](), [Other](), 0)
    for name in base.names.sorted(by: NaturalOrder.isBefore) {
      let (old, new) = (try base.tensor(named: name), try tuned.tensor(named: name))
      guard old.dtype.isFloatingPoint, try !Self.isSame(old, new) else {
        unchanged += 1
        continue
      }
      let before = try old.to(dtype: .float32)
      let difference = try new.to(dtype: .float32) - before
      guard try difference.isFinite().all().item(of: Bool.self) else {
        throw AdapterError("\(name) has values that are not finite: no update can be taken from them")
      }
      let module = name.hasSuffix(".weight") ? String(name.dropLast(".weight".count)) : name
      if try difference.rank == 2 && name.hasSuffix(".weight") && Self.isWanted(module, modules) {
        let matrix = try isTransposed(module) ? difference.t() : difference
        let pair = try truncation.factors(of: matrix)
        let update = try LayerUpdate(layer: module, a: pair.a, b: pair.b, scale: 1)
        let (kept, whole): (Double, Double) = (try update.norm(), try matrix.norm().item())
        updates.append(update)
        layers.append(Layer(name: module, rank: update.rank, energy: min(1, kept * kept / (whole * whole))))
      } else {
        let (change, size): (Double, Double) = (try difference.norm().item(), try before.norm().item())
        others.append(Other(name: name, change: change / max(size, 1e-30)))
      }
    }
    guard !updates.isEmpty else {
      throw AdapterError(
        others.isEmpty
          ? "the two models are the same: there is nothing to extract"
          : "only \(others.map(\.name).prefix(4).joined(separator: ", ")) changed, which are no matrices to update"
      )
    }
    (self.layers, self.others, self.unchanged) = (layers, others, unchanged)
    var folder = try OrdinaryLoRA.folder(updates)
    folder.configuration.shared = shared
    if savesOthers { try folder.save(others.map(\.name), of: tuned) }
    adapter = folder
  }

  private static func isSame(_ old: Tensor, _ new: Tensor) throws -> Bool {
    try old.dtype == new.dtype
      ? old.isIdentical(to: new) : old.to(dtype: .float32).isIdentical(to: new.to(dtype: .float32))
  }

  /// Tables of embeddings have their own kind of update; a matrix in a checkpoint does not say that it is one.
  private static func isWanted(_ module: String, _ modules: ModuleSelection?) throws -> Bool {
    if let modules, !modules.isAllLinear { return try modules.matches(module) }
    let name = module.split(separator: ".").last.map(String.init) ?? module
    return !name.contains("embed") && !["wte", "wpe", "shared"].contains(name)
  }

  private static func requireSameTensors(_ base: any TensorSource, _ tuned: any TensorSource) throws {
    func list(_ names: [String]) -> String {
      names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
    }
    let (first, second) = (Set(base.names), Set(tuned.names))
    for (here, there, which) in [(first, second, "base"), (second, first, "tuned model")] {
      let alone = here.subtracting(there).sorted()
      guard alone.isEmpty else {
        throw AdapterError("only the \(which) has \(list(alone)): give two checkpoints of one architecture")
      }
    }
    for name in base.names {
      guard let old = base.shape(of: name), let new = tuned.shape(of: name), old != new else { continue }
      throw AdapterError(
        "\(name) is \(old) in the base and \(new) in the tuned model: give checkpoints of one shape")
    }
  }
}

extension AdapterFolder {
  /// Adds tensors as Hugging Face PEFT keeps modules trained whole; biases of adapted layers as trained biases.
  fileprivate mutating func save(_ names: [String], of tuned: any TensorSource) throws {
    guard var method = configuration.method as? LoRA, case .names(let adapted) = method.targeting.modules
    else {
      return
    }
    func module(_ name: String) -> String { name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name }
    let biased = names.filter { $0.hasSuffix(".bias") && adapted.contains(module($0)) }
    let whole = Set(names.filter { !biased.contains($0) }.map(module))
    for name in tuned.names {
      let module = module(name)
      if whole.contains(module) {
        tensors[AdaptedModel.keyPrefix + name] = try tuned.tensor(named: name)
      } else if !biased.isEmpty, name.hasSuffix(".bias") {
        // All biases of the model are in a file that has any.
        let key = adapted.contains(module) ? "\(module).base_layer.bias" : name
        tensors[AdaptedModel.keyPrefix + key] = try tuned.tensor(named: name)
      }
    }
    if !biased.isEmpty { method.bias = .all }
    method.targeting.modulesToSave = whole.isEmpty ? nil : whole.sorted()
    configuration.method = method
  }
}
