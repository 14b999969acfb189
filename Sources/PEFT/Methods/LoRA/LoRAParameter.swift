import NN
import Torch

/// LoRA on a parameter that is no layer by itself: [out, in], or a matrix for each expert.
///
/// A [experts r, in] has the experts' rows one after the other, B [out, r experts] their columns in turns, as Hugging
/// Face PEFT keeps them.
final class LoRAParameter: PlacedAdapter, ExpertAdapter {
  let parameters: [AdapterParameter]
  var place: String?
  private let a, b: AdapterParameter
  private let scale: Double

  init(
    _ layer: any AdaptableLayer, rank: Int, scale: Double, _ method: LoRA, _ context: InjectionContext
  ) throws {
    let factors = try LoRAFactors(layer, rank: rank, scale: scale, method, context)
    (a, b, self.scale) = (factors.a, factors.b, scale)
    parameters = [a, b]
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    let own = try base.output(x)
    return try own.adding(product(in: own, of: base.layer), scale: scale)
  }

  func fold(into folding: inout Folding) throws {
    let update = try product(in: folding.weight, of: folding.layer)
    folding.weight = try folding.weight.adding(update, scale: scale)
  }

  /// B A of every expert, in the shape and type of the parameter.
  private func product(in parameter: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    guard case .parameter(_, _, _, let isTransposed) = layer.kind else {
      throw AdapterError("\(layer.name) is a layer, not a parameter")
    }
    let factors = try stacked(for: layer)
    let (first, second) = (
      try factors.first.to(dtype: parameter.dtype), try factors.second.to(dtype: parameter.dtype)
    )
    let product = try isTransposed ? first.transposed().bmm(second.transposed()) : second.bmm(first)
    return try product.reshaped(parameter.shape)
  }

  /// A as [experts, r, in] and B as [experts, out, r].
  private func stacked(for layer: any AdaptableLayer) throws -> (first: Tensor, second: Tensor) {
    guard case .parameter(let experts, let inputs, let outputs, _) = layer.kind else {
      throw AdapterError("\(layer.name) is a layer, not a parameter")
    }
    return (
      try a.tensor.reshaped([experts, -1, inputs]),
      try b.tensor.reshaped([outputs, -1, experts]).permuted([2, 0, 1])
    )
  }

  func expertFactors(for parameter: AdaptableParameter) throws -> [LowRankFactors] {
    let (first, second) = try stacked(for: parameter)
    return try zip(first.unbound(), second.unbound()).map { LowRankFactors(a: $0, b: $1, scale: scale) }
  }
}
