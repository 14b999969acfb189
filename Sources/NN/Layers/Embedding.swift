import Torch

/// Rows of a table for whole numbers; ids [...], table [entries, size], output [..., size].
public final class Embedding: AdaptableLayer {
  public let name: String
  public let kind: LayerKind
  public let slot: AdapterSlot
  public let mode: Mode
  public var weight: any WeightStorage
  /// Embeddings have none.
  public var bias: Parameter?
  /// Multiplies the rows (Gemma); adapters' rows too.
  public let scale: Double
  /// The id whose row gets no gradient, if any.
  public let padding: Int?
  let parameter: Parameter

  /// - Parameters:
  ///   - aliases: full names under which a checkpoint may keep the table instead.
  ///   - roundedScale: a scale in the precision of the table (Gemma keeps it so).
  ///   - twin: a table that this one is another name of.
  public init(
    _ path: Path, entries: Int, size: Int, aliases: [String] = [], scale: Double = 1,
    roundedScale: Double = 1, padding: Int? = nil, tiedTo twin: Parameter? = nil
  ) throws {
    (name, kind) = (path.name, .embedding(entries: entries, size: size))
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    if let twin {
      path.tie("weight", to: twin)
      parameter = twin
    } else {
      parameter = try path.parameter(
        "weight", [entries, size], initial: .normal(std: 0.02), aliases: aliases)
    }
    let rounded: Double =
      try roundedScale == 1
      ? 1 : Tensor.full([], roundedScale, dtype: parameter.dtype).to(dtype: .float64).item()
    (self.scale, self.padding) = (scale * rounded, padding)
    weight = parameter
    path.store.add(self)
  }

  /// The table, for a layer that is tied to it.
  public var table: Parameter { parameter }

  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    let rows = try weight.dense(weight.dtype).embedding(x, padding: padding)
    return scale == 1 ? rows : try rows * scale
  }

  public func callAsFunction(_ ids: Tensor) throws -> Tensor { try adaptedOutput(ids) }
}
