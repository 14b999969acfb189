import Torch

/// A place in a model's tree of names: `path / "layers" / 0 / "self_attn"`.
public struct Path {
  public let store: VariableStore
  /// The full name; empty at the root.
  public let name: String

  public static func / (path: Path, component: String) -> Path {
    Path(store: path.store, name: path.full(component))
  }

  public static func / (path: Path, index: Int) -> Path { path / String(index) }

  /// The full name of something below.
  public func full(_ component: String) -> String { name.isEmpty ? component : "\(name).\(component)" }

  /// The parameter `component` of this place, from the checkpoint or else `initial`.
  ///
  /// - Parameter aliases: full names under which a checkpoint may keep it instead.
  public func parameter(
    _ component: String, _ shape: [Int], initial: Initializer, aliases: [String] = []
  ) throws -> Parameter {
    try store.parameter(full(component), shape: shape, initial: initial, aliases: aliases)
  }

  /// The values `component` of this place, zero where the checkpoint has none; training leaves them as they are.
  public func constant(_ component: String, _ shape: [Int]) throws -> Parameter {
    try store.parameter(full(component), shape: shape, initial: .zeros, isConstant: true)
  }

  /// The weight `component` of a linear layer [out, in], which may be quantized.
  ///
  /// - Parameter isTurned: whether the dense weight is [in, out].
  func weight(
    _ component: String, _ shape: [Int], initial: Initializer, isTurned: Bool = false
  ) throws -> any WeightStorage {
    try store.weight(full(component), shape: shape, initial: initial, isTurned: isTurned)
  }

  /// Says that `component` of this place is `parameter` under another name.
  public func tie(_ component: String, to parameter: Parameter) { store.tie(full(component), to: parameter) }
}
