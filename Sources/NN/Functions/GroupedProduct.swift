import Torch

/// One product with a frozen weight, and perhaps a low-rank update of it.
public struct ProductTerm {
  public let weight: any WeightStorage
  /// Frozen, in the input's type.
  public let bias: Tensor?
  public let update: LowRankFactors?

  public init(weight: any WeightStorage, bias: Tensor?, update: LowRankFactors? = nil) {
    (self.weight, self.bias, self.update) = (weight, bias, update)
  }
}

/// s dropout(x) A^T B^T; a [r, in], b [out, r].
public struct LowRankFactors {
  public let a, b: Tensor
  public let scale: Double
  /// The probability of zeroing an element of the update's input; 0 outside training.
  public let dropout: Double

  public init(a: Tensor, b: Tensor, scale: Double, dropout: Double = 0) {
    (self.a, self.b, self.scale, self.dropout) = (a, b, scale, dropout)
  }
}

/// x W^T + bias + s dropout(x) A^T B^T for each term, as one step of the graph.
///
/// Terms that read the same input share the products with A, and their gradients of x are added up in place. Saved are
/// x and the [n, r] products alone; weights are read in place and nothing of their size is built.
///
/// - Parameters:
///   - x: [..., in], in the base's type. Factors are cast to it for the products; their gradients come in their own.
/// - Returns: [..., out] for each term.
public func groupedProducts(_ x: Tensor, _ terms: [ProductTerm]) throws -> [Tensor] {
  let shape = x.shape
  let forward = try withoutGradients { try GroupedForward(x, terms) }
  let outputs = try forward.outputs.map { try $0.view(Array(shape.dropLast()) + [$0.shape[1]]) }
  let factors = terms.flatMap { term in term.update.map { [$0.a, $0.b] } ?? [] }
  let needsInput = x.requiresGrad
  let needed = factors.map(\.requiresGrad)
  let weights = terms.map(\.weight)
  let scales = terms.map(\.update?.scale)
  let choices = forward.choices
  return try attachGradient(to: outputs, inputs: [x] + factors, saving: [x] + forward.saved + factors) {
    gradients, saved in
    var saved = saved[...]
    let rows = try saved.removeFirst().reshaped([-1, shape.last ?? 0])
    var inputGradient: Tensor?
    var (lows, firsts): ([Tensor], [Tensor]) = ([], [])
    var factorGradients = [Tensor?](repeating: nil, count: factors.count)
    var place = 0
    let kept = saved.suffix(factors.count)
    for (index, scale) in scales.enumerated() {
      // The gradient of a sum is one number everywhere, which products are slow to read as such.
      let g = try gradients[index].map { try $0.reshaped([-1, $0.shape.last ?? 0]).contiguous() }
      if needsInput, let g { inputGradient = try weights[index].addTransposedProduct(g, to: inputGradient) }
      guard let scale else { continue }
      defer { place += 1 }
      let h = saved.removeFirst()
      let choice = choices[index]
      guard let g else { continue }
      let (a, b) = (kept[kept.startIndex + 2 * place], kept[kept.startIndex + 2 * place + 1])
      let low = try fastProduct(g, b.to(dtype: g.dtype)).mul_(scale)
      if needed[2 * place + 1] {
        factorGradients[2 * place + 1] = try fastProduct(h.t(), g).mul_(scale).t().to(dtype: b.dtype)
      }
      if needed[2 * place] {
        let input = try choice?(rows) ?? rows
        factorGradients[2 * place] = try fastProduct(low.t(), input).to(dtype: a.dtype)
      }
      guard needsInput else { continue }
      if let choice {
        let part = try choice(low.fastMatmul(a.to(dtype: g.dtype)))
        inputGradient = try inputGradient?.add_(part) ?? part
      } else {
        lows.append(low)
        firsts.append(try a.to(dtype: g.dtype))
      }
    }
    if !lows.isEmpty {
      let (low, first) = (try joined(lows, dim: 1), try joined(firsts, dim: 0))
      inputGradient = try inputGradient?.addFastMatmul_(low, first) ?? low.fastMatmul(first)
    }
    return [try inputGradient?.view(shape)] + factorGradients
  }
}

/// left @ right by the fastest kernel; what is copied to be contiguous is `left`, so let that be the thin one.
func fastProduct(_ left: Tensor, _ right: Tensor) throws -> Tensor {
  try left.fastLinear(right.t(), bias: nil) ?? left.mm(right)
}

private func joined(_ tensors: [Tensor], dim: Int) throws -> Tensor {
  tensors.count == 1 ? tensors[0] : try .cat(tensors, dim: dim)
}

/// The outputs, and what the backward pass needs beside the input: x A^T of each update.
private struct GroupedForward {
  var outputs: [Tensor] = []
  var saved: [Tensor] = []
  /// What dropout took out of the input, by term.
  var choices: [DropoutChoice?] = []

  init(_ x: Tensor, _ terms: [ProductTerm]) throws {
    let rows = try x.reshaped([-1, x.shape.last ?? 0])
    let shared = terms.compactMap(\.update).filter { $0.dropout == 0 }
    var products: [Tensor] = []
    if !shared.isEmpty {
      let stacked = try joined(shared.map { try $0.a.to(dtype: x.dtype) }, dim: 0)
      let product = try fastProduct(rows, stacked.t())
      products = shared.count == 1 ? [product] : try product.split(shared.map { $0.a.shape[0] }, dim: 1)
    }
    for term in terms {
      let y = try term.weight.product(rows, bias: term.bias)
      outputs.append(y)
      let choice = try term.update.flatMap {
        try $0.dropout > 0 ? DropoutChoice(rate: $0.dropout, for: rows) : nil
      }
      choices.append(choice)
      guard let update = term.update else { continue }
      let h =
        try choice.map { try fastProduct($0(rows), update.a.to(dtype: x.dtype).t()) }
        ?? products.removeFirst()
      saved.append(h)
      try y.addFastMatmul_(h, update.b.to(dtype: x.dtype).t(), alpha: update.scale)
    }
  }
}
