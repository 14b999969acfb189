import NN

/// Layers taken a share at a time, so that what is measured of all of them never lies in memory together.
///
/// Each share costs a pass over the data.
struct LayerShares {
  let shares: [[any AdaptableLayer]]

  /// - Parameters:
  ///   - bytes: what one layer's measurement takes.
  ///   - limit: what may be held at once.
  init(
    _ layers: [any AdaptableLayer], limit: Int = 2 << 30, bytes: (any AdaptableLayer) throws -> Int
  ) throws {
    var (shares, held) = ([[any AdaptableLayer]](), 0)
    for layer in layers {
      let size = try bytes(layer)
      if shares.isEmpty || held + size > limit {
        shares.append([])
        held = 0
      }
      shares[shares.count - 1].append(layer)
      held += size
    }
    self.shares = shares
  }
}
