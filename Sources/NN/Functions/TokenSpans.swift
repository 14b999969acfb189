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
  /// Of each token, int64 [tokens]: where the first head of its text begins in the list of all groups' places, how many
  /// places behind that it stands itself, and how far apart two heads are. The first is counted for one head.
  private let begins, offsets, steps: Tensor

  /// - Parameter lengths: of the texts, in their order; at least one each.
  public init(lengths: [Int], device: Device = .cpu) throws {
    var total = 0
    let starts = lengths.map { length in
      defer { total += length }
      return total
    }
    var (begins, offsets, steps) = (
      [Int](repeating: 0, count: total), [Int](repeating: 0, count: total), [Int](repeating: 0, count: total)
    )
    var (groups, place): ([Group], Int) = ([], 0)
    for members in Self.similar(lengths) {
      let longest = Self.rounded(lengths[members[0]], to: 16)
      var (tokens, isReal): ([Int], [Bool]) = ([], [])
      for member in members {
        for offset in 0..<longest {
          let (real, token) = (offset < lengths[member], starts[member] + offset)
          tokens.append(real ? token : starts[member])
          isReal.append(real)
          if real { (begins[token], offsets[token], steps[token]) = (place, offset, longest) }
        }
        place += longest
      }
      let mask = try isReal.contains(false) ? Tensor(isReal).view([members.count, 1, 1, longest]) : nil
      groups.append(
        Group(
          texts: members.count, longest: longest, tokens: try Tensor(tokens).to(device: device),
          mask: try mask?.to(device: device)))
    }
    self.groups = groups
    (self.begins, self.offsets) = (
      try Tensor(begins).to(device: device), try Tensor(offsets).to(device: device)
    )
    self.steps = try Tensor(steps).to(device: device)
  }

  /// Where the texts of a row are, by the text that each token belongs to.
  public static func runs(_ segments: [Int]) -> [Range<Int>] {
    let starts = segments.indices.filter { $0 == 0 || segments[$0] != segments[$0 - 1] }
    return zip(starts, starts.dropFirst() + [segments.count]).map { $0..<$1 }
  }

  /// How many tokens to fill up `count` with: as a text of their own that nobody looks at.
  ///
  /// Tensors of sizes that recur are what memory that is kept, and kernels that are made for a size, can be used for
  /// again; batches of any size would need new ones at every step.
  public static func filling(_ count: Int) -> Int { rounded(count, to: 64) - count }

  /// The next multiple, for more than a few.
  private static func rounded(_ count: Int, to unit: Int) -> Int {
    count < unit ? count : (count + unit - 1) / unit * unit
  }

  /// Texts by falling length, cut where more than half of a long text's places would be padding.
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

  /// `body`, which gets each group's texts side by side, with its results end to end again.
  ///
  /// - Parameters:
  ///   - parts: queries, keys and values, [1, heads, tokens, d] each.
  ///   - body: from the parts as [texts, heads, longest, d] to one [texts, longest, m].
  /// - Returns: [1, tokens, m].
  public func attention(_ parts: [Tensor], _ body: (Group, [Tensor]) throws -> Tensor) throws -> Tensor {
    let laid = try parts.map(separated)
    return try joined(groups.indices.map { group in try body(groups[group], laid.map { $0[group] }) })
  }

  /// x [1, heads, tokens, d] as [texts, heads, longest, d] for each group.
  func separated(_ x: Tensor) throws -> [Tensor] {
    let (heads, tokens, d) = (x.shape[1], x.shape[2], x.shape[3])
    // What projections give lies by token, what rotary embedding gives by head.
    let turned = try x.transposed(1, 2)
    let isByToken = turned.isContiguous
    let head = try Tensor.arange(0, heads, device: x.device)
    let count = try Tensor([heads]).to(device: x.device)
    let outputs = try withoutGradients {
      let rows = try (isByToken ? turned : x.contiguous()).view([-1, d])
      return try groups.map { group in
        let token = try group.tokens.view([group.texts, 1, group.longest])
        let index =
          try isByToken
          ? token * count + head.view([1, heads, 1])
          : token + (head * Tensor([tokens]).to(device: x.device)).view([1, heads, 1])
        return try rows.indexSelect(0, index.flattened()).view([group.texts, heads, group.longest, d])
      }
    }
    let counts = groups.map { $0.texts * heads * $0.longest }
    return try attachGradient(to: outputs, inputs: [x]) { [self] gradients, _ in
      guard let like = gradients.compactMap(\.self).first else { return [nil] }
      let all = try zip(gradients, counts).map { gradient, count in
        try (gradient ?? .zeros([count, d], dtype: like.dtype, device: like.device)).reshaped([count, d])
      }
      // [tokens, heads] or [heads, tokens], as x lies.
      var place = try (begins * count + offsets).unsqueezed(1) + steps.unsqueezed(1) * head
      if !isByToken { place = try place.t() }
      let rows = try joinedRows(all).indexSelect(0, place.reshaped([-1]))
      return [
        try isByToken ? rows.view([1, tokens, heads, d]).transposed(1, 2) : rows.view([1, heads, tokens, d])
      ]
    }
  }

  /// What [texts, longest, n] of each group say of the tokens [1, tokens, n]; padding is left out.
  func joined(_ parts: [Tensor]) throws -> Tensor {
    let place = try begins + offsets
    let sizes = parts.map(\.shape)
    let y = try withoutGradients {
      try joinedRows(parts.map { try $0.reshaped([-1, $0.shape[2]]) }).indexSelect(0, place).unsqueezed(0)
    }
    return try attachGradient(to: [y], inputs: parts) { gradients, _ in
      guard let gradient = gradients[0] else { return Array(repeating: nil, count: sizes.count) }
      let (counts, n) = (sizes.map { $0[0] * $0[1] }, gradient.shape[2])
      let all = try Tensor.zeros([counts.reduce(0, +), n], dtype: gradient.dtype, device: gradient.device)
      try all.indexCopy_(0, place, gradient.reshaped([-1, n]))
      return try zip(all.split(counts, dim: 0), sizes).map { try $0.view($1) }
    }[0]
  }

  private func joinedRows(_ parts: [Tensor]) throws -> Tensor {
    try parts.count == 1 ? parts[0] : .cat(parts, dim: 0)
  }
}
