import NN
import Torch

/// LoRA on a parameter that is no layer by itself: [out, in], or a matrix for each expert.
///
/// A [experts r, in] has the experts' rows one after the other, B [out, r experts] their columns in turns, as Hugging
/// Face PEFT keeps them.
final class LoRAParameter: PlacedAdapter {
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
    guard case .parameter(let experts, let inputs, let outputs, let isTransposed) = layer.kind else {
      throw AdapterError("\(layer.name) is a layer, not a parameter")
    }
    let first = try a.tensor.to(dtype: parameter.dtype).reshaped([experts, -1, inputs])
    let second = try b.tensor.to(dtype: parameter.dtype).reshaped([outputs, -1, experts]).permuted([2, 0, 1])
    let product = try isTransposed ? first.transposed().bmm(second.transposed()) : second.bmm(first)
    return try product.reshaped(parameter.shape)
  }
}
