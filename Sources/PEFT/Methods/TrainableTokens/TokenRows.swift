import NN
import Torch

/// Chosen rows of an embedding, or of the output layer that shares its table, trained in place of the base's.
///
/// The rows replace those of the base; they are not added. Nothing of the table's size is built: an embedding looks the
/// chosen ids up among the rows, a linear layer gets the outputs of the chosen ids anew.
final class TokenRows: LayerAdapter {
  let parameters: [AdapterParameter]
  let tokens: [Int]
  private let rows: AdapterParameter
  private let index: Tensor
  /// For each entry of the table its place among the rows, or -1.
  private let places: Tensor

  /// - Parameter isRandom: begin with random rows instead of the layer's own.
  /// - Throws: ``AdapterError`` for a layer without such rows, or a token that it does not have.
  init(
    _ tokens: [Int], of layer: any AdaptableLayer, named name: String, isRandom: Bool = false,
    _ context: InjectionContext
  ) throws {
    let entries: Int
    switch layer.kind {
    case .embedding(let count, _), .linear(_, let count): entries = count
    default: throw AdapterError("\(layer.name) has no rows for tokens: name an embedding")
    }
    if let stranger = tokens.first(where: { !(0..<entries).contains($0) }) {
      throw AdapterError(
        "token \(stranger) at \(layer.name), which has \(entries) rows: give ids from 0 to \(entries - 1)")
    }
    self.tokens = tokens
    let device = layer.weight.device
    let index = try Tensor(tokens).to(device: device)
    self.index = index
    var places = [Int](repeating: -1, count: entries)
    for (place, token) in tokens.enumerated() { places[token] = place }
    self.places = try Tensor(places).to(device: device)
    let own = try withoutGradients {
      let weight = layer.untouchedWeight
      return try weight.dense(weight.dtype).indexSelect(0, index).to(dtype: .float32).clone()
    }
    rows = AdapterParameter(
      name, try isRandom ? .randn(own.shape, generator: context.generator).to(device: device) : own)
    parameters = [rows]
  }

  /// The same rows for a layer that shares the table.
  ///
  /// - Parameter isSaved: whether they are written under the name of that layer too.
  init(sharing other: TokenRows, isSaved: Bool) {
    (tokens, rows, index, places) = (other.tokens, other.rows, other.index, other.places)
    parameters = isSaved ? [rows] : []
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    let y = try base.output(x)
    guard case .embedding = base.layer.kind else {
      let values = try x.linear(
        rows.tensor.to(dtype: x.dtype), bias: base.layer.bias?.tensor.indexSelect(0, index))
      return try y.indexCopy(-1, index, values.to(dtype: y.dtype))
    }
    let layer = base.layer as? Embedding
    let place = try places.indexSelect(0, x.flattened()).reshaped(x.shape)
    // The padding token gets no gradient here either.
    let padding = layer?.padding.flatMap { tokens.firstIndex(of: $0) }
    let isChosen = try place.greater(-1)
    let known = try place.maskedFill(isChosen.logicalNot(), 0)
    let own = try rows.tensor.embedding(known, padding: padding) * (layer?.scale ?? 1)
    return try own.to(dtype: y.dtype).selected(where: isChosen.unsqueezed(-1), otherwise: y)
  }

  func fold(into folding: inout Folding) throws {
    folding.weight = try folding.weight.indexCopy(0, index, rows.tensor)
  }
}
