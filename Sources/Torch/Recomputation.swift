import CTorch

/// How a tensor follows from others that are kept anyway.
struct Recomputation {
  let sources: [Tensor]
  let make: ([Tensor]) throws -> Tensor
}

extension Tensor {
  /// This tensor, with the advice that `make` gives it again from `sources` at little cost.
  ///
  /// Whatever then saves it for a backward pass saves the sources instead. That pays when they are saved in any case, as
  /// the input of a normalization and the two factors of a gated activation are. `make` must not capture tensors of the
  /// graph.
  public func recomputable(from sources: [Tensor], by make: @escaping ([Tensor]) throws -> Tensor) throws
    -> Tensor
  {
    guard let copy = ct_tensor_retain(handle) else { throw TorchError.last(in: "recomputable", of: [self]) }
    return Tensor(owning: copy, recomputation: Recomputation(sources: sources, make: make))
  }
}

/// What a backward pass asks to have, as the tensors that are kept for it.
struct SavedTensors {
  let kept: [Tensor]
  private let parts: [(count: Int, make: (([Tensor]) throws -> Tensor)?)]

  init(_ wanted: [Tensor]) {
    kept = wanted.flatMap { $0.recomputation?.sources ?? [$0] }
    parts = wanted.map { ($0.recomputation?.sources.count ?? 1, $0.recomputation?.make) }
  }

  /// What was wanted, from what was kept; holds none of it.
  var restoring: ([Tensor]) throws -> [Tensor] {
    { [parts] kept in
      var rest = kept[...]
      return try parts.map { count, make in
        defer { rest = rest.dropFirst(count) }
        guard let make else { return rest[rest.startIndex] }
        return try withoutGradients { try make(Array(rest.prefix(count))) }
      }
    }
  }
}
