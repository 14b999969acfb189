import Configuration
import NN
import Torch

extension AdapterSource {
  /// The adapter as an ordinary LoRA of rank and alpha alone, which every reader of LoRA understands.
  ///
  /// Methods that add a matrix to the weight come through as near as `truncation` allows, in the least-squares sense; a
  /// low-rank update comes through exactly when there is none.
  /// - Throws: ``AdapterError`` when the method has no factors of its own and `truncation` is nil.
  public func ordinaryLoRA(keeping truncation: Truncation?) throws -> AdapterFolder {
    try truncation?.validate()
    if (folder.configuration.method as? LoRA)?.isActivated == true {
      throw AdapterError(
        "an activated LoRA (alora_invocation_tokens) acts on some tokens only, and no ordinary LoRA does: keep it as it "
          + "is")
    }
    if deltas == nil, truncation == nil {
      let (updates, rest) = try folder.updates()
      return try OrdinaryLoRA.folder(updates, like: folder.configuration, keepsTargets: true, rest: rest)
    }
    guard let truncation else {
      throw AdapterError("the adapter has no factors that a LoRA could take over: give --rank or --energy")
    }
    let (tasks, rest) = try tasks()
    let updates = try withoutGradients {
      try tasks.map { task in
        let pairs = try task.parts().map { part in
          switch part {
          case .factors(let pair): try truncation.factors(of: FactorPair(a: pair.a, b: pair.b * task.scale))
          case .matrix(let matrix): try truncation.factors(of: matrix)
          }
        }
        return try task.shape.update(pairs, bias: task.bias(), dtype: task.dtype)
      }
    }
    return try OrdinaryLoRA.folder(updates, like: folder.configuration, keepsTargets: true, rest: rest)
  }
}
