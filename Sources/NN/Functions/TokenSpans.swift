import Torch

/// Texts that lie end to end in one row of tokens, so that layers which treat every token alike spend nothing on
/// padding. Attention, in which the tokens of a text see each other, gets texts of similar length side by side.
///
/// Source: the idea of Zeng et al. 2022, "Boosting Distributed Training Performance of the Unpadded BERT Model".
public struct TokenSpans {
  /// Texts side by side.
  public struct Group {
    public let texts, longest: Int
    /// The token at each place of [texts, longest], int64; that of the text's beginning where there is only padding.
    public let tokens: Tensor
    /// Which places are no padding, bool [texts, 1, 1, longest]; nil when all are.
    public let mask: Tensor?
  }

  public let groups: [Group]
  /// The place of each token among the places of all groups, int64 [tokens].
  private let places: Tensor

  /// - Parameter lengths: of the texts, in their order; at least one each.
  public init(lengths: [Int], device: Device = .cpu) throws {
    var start = 0
    let starts = lengths.map { length in
      defer { start += length }
      return start
    }
    var places = [Int](repeating: 0, count: start)
    var (groups, offset): ([Group], Int) = ([], 0)
    for members in Self.similar(lengths) {
      let longest = lengths[members[0]]
      var tokens: [Int] = []
      var isReal: [Bool] = []
      for (row, member) in members.enumerated() {
        for place in 0..<longest {
          let real = place < lengths[member]
          tokens.append(starts[member] + (real ? place : 0))
          isReal.append(real)
          if real { places[starts[member] + place] = offset + row * longest + place }
        }
      }
      let mask = try isReal.contains(false) ? Tensor(isReal).view([members.count, 1, 1, longest]) : nil
      groups.append(
        Group(
          texts: members.count, longest: longest, tokens: try Tensor(tokens).to(device: device),
          mask: try mask?.to(device: device)))
      offset += tokens.count
    }
    self.groups = groups
    self.places = try Tensor(places).to(device: device)
  }

  /// Texts by falling length, cut where side by side more than half of a text's places would be padding.
  private static func similar(_ lengths: [Int]) -> [[Int]] {
    var groups: [[Int]] = []
    for index in lengths.indices.sorted(by: { (lengths[$1], $0) < (lengths[$0], $1) }) {
      if let first = groups.last?.first, lengths[index] * 2 > lengths[first] || lengths[first] <= 64 {
        groups[groups.count - 1].append(index)
      } else {
        groups.append([index])
      }
    }
    return groups
  }

  /// `body`, given the texts of each group side by side, with its results end to end again.
  ///
  /// - Parameters:
  ///   - parts: [1, tokens, n] each.
  ///   - body: from the parts as [texts, longest, n] to one [texts, longest, m].
  /// - Returns: [1, tokens, m].
  public func sideBySide(_ parts: [Tensor], _ body: (Group, [Tensor]) throws -> Tensor) throws -> Tensor {
    let laid = try parts.map(separated)
    return try joined(groups.indices.map { group in try body(groups[group], laid.map { $0[group] }) })
  }

  /// x [1, tokens, n] as [texts, longest, n] for each group.
  func separated(_ x: Tensor) throws -> [Tensor] {
    let (shape, places) = (x.shape, places)
    let outputs = try withoutGradients {
      let rows = try x.reshaped([-1, shape.last ?? 0])
      return try groups.map { group in
        try rows.indexSelect(0, group.tokens).view([group.texts, group.longest, shape.last ?? 0])
      }
    }
    let sizes = outputs.map(\.shape)
    return try attachGradient(to: outputs, inputs: [x]) { gradients, _ in
      guard let like = gradients.compactMap(\.self).first else { return [nil] }
      let all = try zip(gradients, sizes).map { gradient, size in
        try (gradient ?? .zeros(size, dtype: like.dtype, device: like.device)).reshaped([-1, size[2]])
      }
      return [try (all.count == 1 ? all[0] : .cat(all, dim: 0)).indexSelect(0, places).view(shape)]
    }
  }

  /// The inverse of ``separated(_:)``; padding is left out.
  func joined(_ parts: [Tensor]) throws -> Tensor {
    let (sizes, places) = (parts.map(\.shape), places)
    let y = try withoutGradients {
      let rows = try parts.map { try $0.reshaped([-1, $0.shape[2]]) }
      return try (rows.count == 1 ? rows[0] : .cat(rows, dim: 0)).indexSelect(0, places).unsqueezed(0)
    }
    return try attachGradient(to: [y], inputs: parts) { gradients, _ in
      guard let gradient = gradients[0] else { return Array(repeating: nil, count: sizes.count) }
      let counts = sizes.map { $0[0] * $0[1] }
      let all = try Tensor.zeros(
        [counts.reduce(0, +), sizes[0][2]], dtype: gradient.dtype, device: gradient.device)
      try all.indexCopy_(0, places, gradient.reshaped([-1, sizes[0][2]]))
      return try zip(all.split(counts, dim: 0), sizes).map { try $0.view($1) }
    }[0]
  }
}
