import PEFT
import Torch

/// Lowers `loss` by plain gradient descent on what the adapters train.
///
/// - Returns: the first and the last loss.
public func train(
  _ model: AdaptedModel, steps: Int, rate: Double, _ loss: () throws -> Tensor
) throws -> (first: Double, last: Double) {
  var losses: [Double] = []
  model.store.mode.isTraining = true
  defer { model.store.mode.isTraining = false }
  for _ in 0..<steps {
    let value = try loss()
    try value.backward()
    try withoutGradients {
      for parameter in model.trainableParameters.map(\.parameter.tensor) {
        if let gradient = parameter.grad { try parameter.add_(gradient, scale: -rate) }
        try parameter.setGrad(nil)
      }
    }
    losses.append(try value.item())
  }
  return (losses.first ?? 0, losses.last ?? 0)
}

/// An example that did not do what it says.
public struct Mistake: Error, CustomStringConvertible {
  public let description: String

  public init(description: String) { self.description = description }
}

/// Prints `what`, which must hold.
public func require(_ holds: Bool, _ what: String) throws {
  guard holds else { throw Mistake(description: "not so: \(what)") }
  print("  \(what)")
}
