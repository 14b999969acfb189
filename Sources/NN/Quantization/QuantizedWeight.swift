import Torch

/// A weight that is kept in few bits: products are taken with tiles of a few rows, made dense into one buffer.
///
/// All of it is outside the graph; `groupedProducts` supplies the gradients.
public protocol QuantizedWeight: WeightStorage {
  /// The name of the weight that this is, such as `model.layers.0.mlp.up_proj.weight`.
  var name: String { get }
  var format: QuantizationFormat { get }
  /// The memory that codes and scales take.
  var byteCount: Int { get }
  /// What a checkpoint keeps of a weight called `name`, under full names, as bitsandbytes spells them.
  func entries(named name: String) throws -> [(name: String, tensor: Tensor)]
  /// Another weight kept in the same way.
  func requantized(_ weight: Tensor) throws -> any QuantizedWeight
  /// Fills `tile` [range, in] with these rows; it is contiguous, on the CPU, float32 or bfloat16.
  func fill(_ tile: Tensor, _ range: Range<Int>) throws
  /// These rows, float32, by ordinary operations: on other devices.
  func plainRows(_ range: Range<Int>) throws -> Tensor
}

extension QuantizedWeight {
  /// What a checkpoint keeps, under the weight's own name.
  public func entries() throws -> [(name: String, tensor: Tensor)] { try entries(named: name) }

  private var inputs: Int { shape[1] }
  private var outputs: Int { shape[0] }

  public func dense(_ dtype: DType) throws -> Tensor { try rows(0..<outputs, dtype) }

  public func rows(_ range: Range<Int>, _ dtype: DType) throws -> Tensor {
    try withoutGradients {
      guard device == .cpu else { return try plainRows(range).to(dtype: dtype) }
      let tile = try Tensor.empty([range.count, inputs], dtype: Self.tileType(dtype))
      try fill(tile, range)
      return try tile.to(dtype: dtype)
    }
  }

  public func product(_ x: Tensor, bias: Tensor?) throws -> Tensor {
    try withoutGradients {
      let rows = try x.reshaped([-1, inputs])
      let y = try Tensor.empty([rows.shape[0], outputs], dtype: x.dtype, device: x.device)
      try eachTile(x.dtype) { range, tile in
        let part = try bias?.slice(0, range)
        try y.slice(1, range).copy_(rows.fastLinear(tile, bias: part) ?? rows.linear(tile, bias: part))
      }
      return try y.view(x.shape.dropLast() + [outputs])
    }
  }

  public func transposedProduct(_ g: Tensor) throws -> Tensor {
    try withoutGradients {
      let rows = try g.reshaped([-1, outputs])
      // Sums over many tiles in few bits would lose what the tiles have.
      let type: DType = g.dtype.isReducedPrecision ? .float32 : g.dtype
      let sum = try Tensor.zeros([rows.shape[0], inputs], dtype: type, device: g.device)
      try eachTile(g.dtype) { range, tile in
        let part = try rows.slice(1, range)
        try sum.add_(part.fastLinear(tile.t(), bias: nil) ?? part.matmul(tile))
      }
      return try sum.to(dtype: g.dtype).view(g.shape.dropLast() + [inputs])
    }
  }

  /// Calls `body` with one tile of dense rows after the other. The memory is used again: keep nothing of it.
  private func eachTile(_ dtype: DType, _ body: (Range<Int>, Tensor) throws -> Void) throws {
    // A tile of about a million elements stays in the cache, and its product is large enough to be fast.
    let size = min(outputs, max(16, (1 << 20) / max(1, inputs)))
    let buffer = device == .cpu ? try Tensor.empty([size, inputs], dtype: Self.tileType(dtype)) : nil
    for start in stride(from: 0, to: outputs, by: size) {
      let range = start..<min(start + size, outputs)
      guard let tile = try buffer?.slice(0, 0..<range.count) else {
        try body(range, plainRows(range).to(dtype: dtype))
        continue
      }
      try fill(tile, range)
      try body(range, tile.to(dtype: dtype))
    }
  }

  /// The type that the kernels write; others are converted.
  private static func tileType(_ dtype: DType) -> DType { dtype == .bfloat16 ? .bfloat16 : .float32 }
}
