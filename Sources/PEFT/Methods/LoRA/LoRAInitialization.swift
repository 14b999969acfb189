import Configuration
import JSON
import NN
import Torch

/// How A and B start (`init_lora_weights`).
public enum LoRAInitialization: Hashable, Sendable {
  /// A Kaiming-uniform, B zero: the update starts at nothing.
  case standard
  /// A normal with standard deviation 1 / r, B zero.
  case gaussian
  /// Both random: for tests, and for adapters that are loaded right after.
  case random

  /// A and B for a layer that is one matrix; see ``AdaptableLayer/factorShapes(rank:)``.
  func linear(
    _ layer: any AdaptableLayer, rank: Int, _ context: InjectionContext
  ) throws -> (a: AdapterParameter, b: AdapterParameter) {
    let shapes = try layer.factorShapes(rank: rank)
    let (device, generator) = (try layer.device(), context.generator)
    let first: Initializer =
      self == .gaussian ? .normal(std: 1 / Double(rank)) : .kaimingUniform(a: 5.squareRoot())
    let second: Initializer = self == .random ? .kaimingUniform(a: 5.squareRoot()) : .zeros
    let a = try first.tensor(shapes.a, generator: generator).to(device: device)
    let b = try second.tensor(shapes.b, generator: generator).to(device: device)
    return (AdapterParameter("lora_A.weight", a), AdapterParameter("lora_B.weight", b))
  }

  func validate(rank: Int) throws {}
}

extension LoRAInitialization: ConfigurationValue {
  public init?(json: JSONValue) {
    switch json {
    case .bool(true): self = .standard
    case .bool(false): self = .random
    case .string("gaussian"): self = .gaussian
    default: return nil
    }
  }

  public var json: JSONValue {
    switch self {
    case .standard: true
    case .gaussian: "gaussian"
    case .random: false
    }
  }

  public static var kind: String { "true, false or gaussian" }
}
