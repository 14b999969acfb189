import NN
import Torch

/// Attention whose scores are a sum of content against content, content against position and position against content.
///
/// Source: He et al. 2021, "DeBERTa", equation 4.
struct DebertaAttention {
  let projections: any DebertaProjections
  private let configuration: DebertaConfiguration
  private let mode: Mode

  init(_ path: Path, _ config: DebertaConfiguration) throws {
    projections = try config.isJoint ? JointProjections(path, config) : SeparateProjections(path, config)
    (configuration, mode) = (config, path.store.mode)
  }

  /// - Parameters:
  ///   - x: [batch, tokens, d].
  ///   - mask: which keys each query sees, bool [batch or 1, 1, tokens, tokens]; nil for all.
  ///   - table: the vectors of distances [2 * span, d], and the distances int64 [tokens, tokens]; nil without them.
  /// - Returns: [batch, tokens, heads * size].
  func callAsFunction(_ x: Tensor, mask: Tensor?, table: (rows: Tensor, distances: Tensor)?) throws -> Tensor
  {
    let (q, k, v) = try projections.tokens(x)
    let scale = Double(configuration.headSize * configuration.scoreTerms).squareRoot()
    var scores = try q.matmul(k.transposed())
    if let table, let relative = configuration.relative {
      if let bias = try positionScores(q, k, table, relative) { scores = try scores + bias }
    }
    scores = try scores / scale
    if let mask { scores = try scores.maskedFill(mask.logicalNot(), scores.dtype.lowest) }
    var shares = try scores.softmax(-1)
    shares = try mode.dropped(shares, configuration.attentionDropout)
    return try shares.matmul(v).transposed(1, 2).reshaped([x.shape[0], x.shape[1], -1])
  }

  private func positionScores(
    _ q: Tensor, _ k: Tensor, _ table: (rows: Tensor, distances: Tensor),
    _ relative: DebertaConfiguration.RelativeAttention
  ) throws -> Tensor? {
    let rows = try mode.dropped(table.rows, configuration.dropout).unsqueezed(0)
    let shape = [q.shape[0], q.shape[1], q.shape[2], q.shape[2]]
    var sum: Tensor?
    if relative.contentToPosition {
      let keys = try projections.positionKeys(rows)
      let index = try table.distances.distanceRows(span: relative.span).expanded(shape)
      sum = try q.matmul(keys.transposed()).gather(-1, index)
    }
    if relative.positionToContent {
      let queries = try projections.positionQueries(rows)
      let index = try (-table.distances).distanceRows(span: relative.span).expanded(shape)
      let term = try k.matmul(queries.transposed()).gather(-1, index).transposed()
      sum = try sum.map { try $0 + term } ?? term
    }
    return sum
  }
}
