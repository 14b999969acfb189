import NN
import Torch

/// LoRA on an embedding: rows get s A^T[id] B^T; A [r, entries], B [size, r].
final class LoRAEmbedding: ScalableAdapter {
  let parameters: [AdapterParameter]
  let a, b: AdapterParameter
  private let ownScale: Double
  var factor = 1.0
  private var scale: Double { ownScale * factor }

  init(
    entries: Int, size: Int, rank: Int, scale: Double, _ method: LoRA, _ layer: any AdaptableLayer,
    _ context: InjectionContext
  ) throws {
    let device = layer.weight.device
    let start = try method.factors(for: layer, rank: rank, scale: scale, context)
    let trainsB = method.initialization.initializer.trainsB
    a = AdapterParameter("lora_embedding_A", try start.a.to(device: device))
    b = AdapterParameter("lora_embedding_B", try start.b.to(device: device), isLearned: trainsB)
    ownScale = scale
    parameters = [a, b]
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    let (y, layer) = (try base.output(x), base.layer as? Embedding)
    let rows = try a.tensor.t().embedding(x, padding: layer?.padding).to(dtype: y.dtype)
    let update = try rows.linear(b.tensor.to(dtype: y.dtype))
    return try y.adding(update, scale: scale * (layer?.scale ?? 1))
  }

  func fold(into folding: inout Folding) throws {
    folding.weight = try folding.weight.adding(b.tensor.mm(a.tensor).t(), scale: scale)
  }
}
