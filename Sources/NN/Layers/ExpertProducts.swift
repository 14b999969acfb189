import Torch

/// Products with the matrices of single experts, which are slices of one parameter [experts, outputs, inputs].
///
/// Only the matrices that are asked for are touched. A low-rank update stays one: its factors are applied to the few
/// rows that an expert gets, and the updated parameter is never built.
public struct ExpertProducts {
  private enum Source {
    /// Frozen, each with the low-rank update that is active.
    case terms(weight: Tensor, updates: [LowRankFactors]?)
    /// With whatever else is done to the parameter, or while it is trained itself.
    case matrices([Tensor])
  }

  private let source: Source

  fileprivate init(_ parameter: AdaptableParameter) throws {
    let working = parameter.slot.working
    let adapter = working.first as? any ExpertAdapter
    if !parameter.slot.isByRow, !parameter.weight.isTrained,
      working.isEmpty || working.count == 1 && adapter != nil
    {
      source = .terms(
        weight: try parameter.weight.dense(parameter.weight.dtype),
        updates: try adapter?.expertFactors(for: parameter))
    } else {
      source = .matrices(try parameter().unbound())
    }
  }

  /// x W^T for the matrix W of one expert; x [rows, inputs].
  public func callAsFunction(_ x: Tensor, expert: Int) throws -> Tensor {
    switch source {
    case .matrices(let matrices): return try x.linear(matrices[expert])
    case .terms(let weight, let updates):
      let matrix = Parameter(name: "", tensor: try weight.select(0, expert))
      return try groupedProducts(
        x, [ProductTerm(weight: matrix, bias: nil, update: updates?[expert])])[0]
    }
  }
}

/// An adapter of a parameter with a matrix for each expert that is a low-rank update of every one.
public protocol ExpertAdapter: LayerAdapter {
  /// The factors of each expert, to be differentiated through.
  func expertFactors(for parameter: AdaptableParameter) throws -> [LowRankFactors]
}

extension AdaptableParameter {
  /// Products with single experts, with the adapters that are active now. The parameter must be [experts, out, in].
  public func expertProducts() throws -> ExpertProducts { try ExpertProducts(self) }
}
