import JSON
import NN
import Torch

/// Factors that know nothing of the weight: A random and B zero, or (`false`) both random.
///
/// On embeddings the roles are exchanged, as in the reference: A starts at zero and B is normal.
enum RandomFactors: String, FactorInitializer {
  /// A uniform as `torch.nn.Linear` starts.
  case kaiming = "true"
  /// A normal with standard deviation 1 / r.
  case gaussian
  case both = "false"

  static let spellings = ["true", "false", "gaussian"]

  init?(_ value: JSONValue) {
    switch value {
    case .bool(true): self = .kaiming
    case .bool(false): self = .both
    case .string(let text) where text.lowercased() == "gaussian": self = .gaussian
    default: return nil
    }
  }

  func supports(_ kind: LayerKind) -> Bool { true }

  func factors(of layer: any AdaptableLayer, _ request: FactorRequest) throws -> InitialFactors {
    let (shapes, generator) = (try layer.factorShapes(rank: request.rank), request.context.generator)
    let uniform = Initializer.kaimingUniform(a: 5.squareRoot())
    let (first, second): (Initializer, Initializer)
    if case .embedding = layer.kind {
      (first, second) = (self == .both ? .normal(std: 1) : .zeros, .normal(std: 1))
    } else {
      first = self == .gaussian ? .normal(std: 1 / Double(request.rank)) : uniform
      second = self == .both ? uniform : .zeros
    }
    return try InitialFactors(
      a: first.tensor(shapes.a, generator: generator), b: second.tensor(shapes.b, generator: generator))
  }
}
