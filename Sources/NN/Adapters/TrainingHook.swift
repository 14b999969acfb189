import JSON
import Torch

/// What a method adds to training besides its parameters: a term of the objective, a change of the gradients, work
/// after an update. The loop calls it; the method never drives the loop.
public protocol TrainingHook: AnyObject {
  /// What to add to the objective, already weighted; nil for nothing. It is no part of the logged loss.
  func regularization() throws -> Tensor?
  /// Called with all gradients of a step in place, after clipping; it may change them.
  ///
  /// - Parameters:
  ///   - step: optimizer steps done, the current one included (1 for the first).
  ///   - totalSteps: the number of steps planned.
  func afterBackward(step: Int, totalSteps: Int) throws
  /// Called after the optimizer has changed the parameters, gradients still in place.
  func afterUpdate(step: Int, totalSteps: Int) throws
  /// What must be kept to go on later exactly as if never interrupted.
  var state: [String: Tensor] { get }
  /// Goes on from a ``state``.
  ///
  /// - Throws: when it is not a state of this hook.
  func restore(_ state: [String: Tensor]) throws
  /// Values of this step for the report; nil for none.
  var trace: JSONValue? { get }
}

extension TrainingHook {
  public func regularization() throws -> Tensor? { nil }
  public func afterBackward(step: Int, totalSteps: Int) throws {}
  public func afterUpdate(step: Int, totalSteps: Int) throws {}
  public var state: [String: Tensor] { [:] }
  public func restore(_ state: [String: Tensor]) throws {}
  public var trace: JSONValue? { nil }
}
