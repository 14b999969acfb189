import Torch

/// The factors of a layer's adapters side by side, so that two products serve all adapters together instead of two for
/// each: of a step of generation, which has few tokens, with all ranks at once; of a prompt, row by row in one batch.
///
/// They are kept while adapters are by row, in which time no adapter changes.
final class RowStacks: @unchecked Sendable {
  /// The adapters of one layer.
  struct Stack {
    let names: [String]
    let ranks: [Int]
    /// [all ranks, inputs]; [outputs, all ranks], scaled.
    let a, b: Tensor
  }

  private var stacks: [ObjectIdentifier: Stack?] = [:]
  private var masks: [Rows: Tensor] = [:]
  private var places: [Rows: Tensor] = [:]

  private struct Rows: Hashable {
    let names: [String?]
    let stacked: [String]
    let ranks: [Int]
    var dtype: DType?
  }

  /// Where the ranks of each row's adapter stand among a stack's, int64 [rows, the largest rank]; where there are none,
  /// the place of the zeros behind them.
  func ranks(_ names: [String?], _ stack: Stack, on device: Device) throws -> Tensor {
    let key = Rows(names: names, stacked: stack.names, ranks: stack.ranks)
    if let known = places[key] { return known }
    let (width, zero) = (stack.ranks.max() ?? 0, stack.ranks.reduce(0, +))
    var own: [String: [Int]] = [:]
    var next = 0
    for (name, rank) in zip(stack.names, stack.ranks) {
      own[name] = Array(next..<next + rank) + Array(repeating: zero, count: width - rank)
      next += rank
    }
    let none = Array(repeating: zero, count: width)
    let all = names.flatMap { $0.flatMap { own[$0] } ?? none }
    let result = try Tensor(all).view([names.count, width]).to(device: device)
    places[key] = result
    return result
  }

  /// Which of a stack's ranks are those of each row's adapter, 1 or 0 [rows, 1, all ranks].
  func mask(_ names: [String?], _ stack: Stack, _ x: Tensor) throws -> Tensor {
    let key = Rows(names: names, stacked: stack.names, ranks: stack.ranks, dtype: x.dtype)
    if let known = masks[key] { return known }
    let own = names.flatMap { name in
      zip(stack.names, stack.ranks).flatMap { Array(repeating: $0 == name ? 1 : Float(0), count: $1) }
    }
    let mask = try Tensor(own, shape: [names.count, 1, stack.a.shape[0]]).to(dtype: x.dtype)
    masks[key] = mask
    return mask
  }

  /// The stack of a layer; nil where an adapter is more than a low-rank update.
  func stack(of layer: any AdaptableLayer, _ entries: [AdapterSlot.Entry], _ dtype: DType) throws -> Stack? {
    if let known = stacks[ObjectIdentifier(layer)] {
      guard let known else { return nil }
      if entries.allSatisfy({ known.names.contains($0.name) }) { return known }
    }
    var factors: [LowRankFactors] = []
    for entry in entries {
      guard let adapter = entry.adapter as? any LowRankAdapter, adapter.isPlain, layer.isFusable,
        adapter.isLowRankNow(for: layer), let own = try adapter.term(for: layer).update
      else {
        stacks[ObjectIdentifier(layer)] = .some(nil)
        return nil
      }
      factors.append(own)
    }
    let stack = Stack(
      names: entries.map(\.name), ranks: factors.map { $0.a.shape[0] },
      a: try .cat(factors.map { try $0.a.to(dtype: dtype) }, dim: 0).contiguous(),
      b: try .cat(factors.map { try ($0.b * $0.scale).to(dtype: dtype) }, dim: 1).contiguous())
    stacks[ObjectIdentifier(layer)] = stack
    return stack
  }
}

extension AdapterSlot {
  /// The layer's output, all adapters taken together; nil where that would not do.
  func stackedOutput(
    _ x: Tensor, of layer: any AdaptableLayer, _ entries: [Entry], by rows: RowAdapters
  ) throws -> Tensor? {
    guard !isRecordingGradients, x.isFusable, x.rank >= 2,
      let stack = try rows.stacks.stack(of: layer, entries, x.dtype)
    else { return nil }
    let y = try layer.baseOutput(x)
    let count = x.count / max(1, x.shape.last ?? 0)
    guard count <= 64 else { return try y + stack.updates(x, rows).view(y.shape) }
    let h = try fastProduct(x.reshaped([count, -1]), stack.a.t()).view([
      rows.names.count, -1, stack.a.shape[0],
    ])
    try h.mul_(rows.stacks.mask(rows.names, stack, x))
    return try y + fastProduct(h.view([count, -1]), stack.b.t()).view(y.shape)
  }
}

extension RowStacks.Stack {
  /// What each row's adapter adds: x [rows, ..., inputs], the result [rows, tokens, outputs].
  fileprivate func updates(_ x: Tensor, _ rows: RowAdapters) throws -> Tensor {
    let places = try rows.stacks.ranks(rows.names, self, on: x.device)
    let shape = places.shape
    func own(_ factors: Tensor) throws -> Tensor {
      let zeros = try Tensor.zeros([1, factors.shape[1]], dtype: factors.dtype, device: factors.device)
      return try .cat([factors, zeros], dim: 0).indexSelect(0, places.view([-1])).view(shape + [-1])
    }
    let h = try x.reshaped([shape[0], -1, x.shape.last ?? 0]).fastMatmul(own(a).transposed())
    return try h.fastMatmul(own(b.t()))
  }
}
