import Torch

/// Rounds a weight column by column, and lets the columns that are still to come make up for what rounding did to the
/// layer's outputs: with E the error of a column and U the upper Cholesky factor of H^-1, they change by -E / U_ii U_i.
///
/// H is X X^T over a layer's inputs X, with 1 % of its mean diagonal on the diagonal. Groups get their scales when their
/// first column's turn comes. An input that the data never has is rounded to the nearest, where the reference sets its
/// weights to zero: other data may have it.
///
/// Source: Frantar et al. 2022, "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers",
/// algorithm 1; the order by activations is that of its authors' program (`--act-order`).
struct GPTQ {
  let bits: Int
  /// Inputs with one scale.
  let group: Int
  let isSymmetric: Bool
  let lowestZero: Int
  /// Whether inputs take their turn by how large they are, the largest first, so that groups are out of order.
  let ordersByActivation: Bool

  /// Columns whose changes to the others are put off, to be made in one product; whole groups, or parts of one.
  private static let blockSize = 128

  /// - Parameters:
  ///   - weight: [out, in].
  ///   - hessian: X X^T, float32 [in, in]; any multiple of it does as well.
  /// - Returns: codes in the inputs' own order, and the group of each input, int32 [in], where they are out of order.
  /// - Throws: ``QuantizationError`` naming the weight for inputs that are not finite.
  func callAsFunction(
    _ weight: Tensor, hessian: Tensor, name: String
  ) throws -> (codes: GroupedCodes, groups: Tensor?) {
    let inputs = weight.shape[1]
    var (rest, hessian) = (try weight.detached().to(dtype: .float32).t(), hessian)
    let order = try ordersByActivation ? hessian.diagonal().argsort(dim: 0, descending: true) : nil
    if let order {
      rest = try rest.indexSelect(0, order)
      hessian = try hessian.indexSelect(0, order).indexSelect(1, order)
    }
    // Inputs down, so that one input's weights lie together; this copy changes on the way.
    rest = try rest.clone().contiguous()
    let factor = try Self.inverseFactor(hessian, name: name)
    let pivots = try factor.diagonal().array(of: Float.self)
    var (codes, scales, zeros): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    var grid: GroupGrid?
    for start in stride(from: 0, to: inputs, by: Self.blockSize) {
      let end = min(start + Self.blockSize, inputs)
      var errors: [Tensor] = []
      for input in start..<end {
        if input % group == 0 {
          let values = try rest.slice(0, input..<min(input + group, inputs)).t()
          let next = try GroupGrid(
            values, name: name, bits: bits, isSymmetric: isSymmetric, lowestZero: lowestZero)
          scales.append(next.scale)
          try zeros.append(next.zero.to(dtype: .int16))
          grid = next
        }
        guard let grid else { break }
        let column = try rest.select(0, input).unsqueezed(1)
        try codes.append(grid.codes(column))
        let error = try ((column - grid.rounded(column)) / Double(pivots[input])).t()
        if input + 1 < end {
          let weights = try factor.select(0, input).slice(0, (input + 1)..<end).unsqueezed(1)
          try rest.slice(0, (input + 1)..<end).addmm_(weights, error, alpha: -1)
        }
        errors.append(error)
      }
      if end < inputs {
        let weights = try factor.slice(0, start..<end).slice(1, end..<inputs).t()
        try rest.slice(0, end..<inputs).addmm_(weights, .cat(errors), alpha: -1)
      }
    }
    let found = GroupedCodes(
      bits: bits, group: group, codes: try .cat(codes, dim: 1), scales: try .cat(scales, dim: 1).contiguous(),
      zeros: try .cat(zeros, dim: 1).contiguous())
    return try order.map { try Self.sorted(found, $0) } ?? (found, nil)
  }

  /// U, upper triangular, with U^T U the inverse of the damped Hessian.
  private static func inverseFactor(_ hessian: Tensor, name: String) throws -> Tensor {
    let diagonal = try hessian.diagonal()
    let mean: Double = try diagonal.mean().item()
    guard mean.isFinite else {
      throw QuantizationError("the inputs of \(name) are not finite: look at the data, or take float32")
    }
    let identity = try Tensor.eye(hessian.shape[0], device: hessian.device)
    let unseen = try diagonal.equal(0).to(dtype: .float32).diagonalMatrix()
    var damping = 0.01
    while damping < 100 {
      let damped = try (hessian + unseen).adding(identity, scale: max(mean * damping, 1e-20))
      if let factor = try? damped.cholesky().choleskyInverse().cholesky(upper: true),
        try factor.isFinite().all().item(of: Bool.self)
      {
        return factor
      }
      damping *= 10
    }
    throw QuantizationError("the inputs of \(name) say too little of it: give more data")
  }

  /// The same with inputs in their own order.
  private static func sorted(_ codes: GroupedCodes, _ order: Tensor) throws -> (GroupedCodes, Tensor?) {
    let places = try order.argsort()
    var sorted = codes
    sorted.codes = try codes.codes.indexSelect(1, places)
    guard codes.scales.shape[1] > 1 else { return (sorted, nil) }
    return (sorted, try places.floorDivided(codes.group).to(dtype: .int32))
  }
}

extension GroupedWeight {
  /// The dense weight that this one stands for, rounded so that outputs for the inputs behind `hessian` stay near theirs.
  ///
  /// - Parameters:
  ///   - weight: [out, in].
  ///   - hessian: X X^T over the layer's inputs, float32 [in, in].
  ///   - ordersByActivation: whether inputs take their turn by size (`desc_act`).
  /// - Throws: ``QuantizationError`` for inputs that say nothing.
  public func calibrated(
    _ weight: Tensor, hessian: Tensor, ordersByActivation: Bool
  ) throws -> GroupedWeight {
    try withoutGradients {
      let rounding = GPTQ(
        bits: bits, group: group, isSymmetric: isSymmetric, lowestZero: layout.zeroOffset,
        ordersByActivation: ordersByActivation)
      let (codes, groups) = try rounding(weight, hessian: hessian, name: name)
      return try GroupedWeight(
        name: name, dtype: dtype, codes: codes, groups: groups, layout: layout, isSymmetric: isSymmetric)
    }
  }
}
