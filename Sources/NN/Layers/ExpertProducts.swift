import Torch

/// Products with the matrices of single experts, which are slices of one parameter [experts, outputs, inputs], or with
/// the inputs first.
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
  /// Whether the matrices have their inputs first.
  private let inputsFirst: Bool

  fileprivate init(_ parameter: AdaptableParameter, inputsFirst: Bool) throws {
    self.inputsFirst = inputsFirst
    // An update B A may have been meant for the matrix turned.
    let isTransposed = if case .parameter(_, _, _, true) = parameter.kind { true } else { false }
    let isCrossed = inputsFirst != isTransposed
    let working = parameter.slot.working
    let adapter = working.first as? any ExpertAdapter
    if !parameter.slot.isByRow, !parameter.weight.isTrained,
      working.isEmpty || working.count == 1 && adapter != nil
    {
      source = .terms(
        weight: try parameter.weight.dense(parameter.weight.dtype),
        updates: try adapter?.expertFactors(for: parameter).map { isCrossed ? try $0.turned() : $0 })
    } else {
      source = .matrices(try parameter().unbound())
    }
  }

  /// x W^T for the matrix W of one expert; x [rows, inputs].
  public func callAsFunction(_ x: Tensor, expert: Int) throws -> Tensor {
    switch source {
    case .matrices(let matrices): return try x.linear(turned(matrices[expert]))
    case .terms(let weight, let updates):
      let matrix = Parameter(name: "", tensor: try turned(weight.select(0, expert)))
      return try groupedProducts(
        x, [ProductTerm(weight: matrix, bias: nil, update: updates?[expert])])[0]
    }
  }

  /// A matrix with its outputs first.
  private func turned(_ matrix: Tensor) throws -> Tensor { inputsFirst ? try matrix.t() : matrix }
}

/// An adapter of a parameter with a matrix for each expert that is a low-rank update of every one.
public protocol ExpertAdapter: LayerAdapter {
  /// The factors of each expert, to be differentiated through.
  func expertFactors(for parameter: AdaptableParameter) throws -> [LowRankFactors]
}

extension AdaptableParameter {
  /// Products with single experts, with the adapters that are active now.
  ///
  /// - Parameter inputsFirst: whether the parameter is [experts, inputs, outputs] to those who multiply with it; adapters
  ///   have a view of their own, which the kind of the layer tells.
  public func expertProducts(inputsFirst: Bool = false) throws -> ExpertProducts {
    try ExpertProducts(self, inputsFirst: inputsFirst)
  }
}

extension LowRankFactors {
  /// The update of the matrix turned: (B A)^T = A^T B^T.
  fileprivate func turned() throws -> LowRankFactors {
    LowRankFactors(a: try b.t(), b: try a.t(), scale: scale, dropout: dropout)
  }
}
