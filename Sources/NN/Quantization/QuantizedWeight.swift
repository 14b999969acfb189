import Torch

/// A weight that is kept in few bits. Products of a few rows are taken with the codes themselves, others with tiles of
/// rows that are made dense into one buffer.
///
/// All of it is outside the graph; `groupedProducts` supplies the gradients.
public protocol QuantizedWeight: WeightStorage {
  /// The name of the weight that this is, such as `model.layers.0.mlp.up_proj.weight`.
  var name: String { get }
  var format: QuantizationFormat { get }
  /// Codes and scales, as kernels read them.
  var packed: PackedWeight { get }
  /// The order in which memory has the inputs; nil for their own.
  var order: InputOrder? { get }
  /// The memory that codes and scales take.
  var byteCount: Int { get }
  /// What a checkpoint keeps of a weight called `name`, under full names, as the format's files spell them.
  func entries(named name: String) throws -> [(name: String, tensor: Tensor)]
  /// Another weight kept in the same way.
  func requantized(_ weight: Tensor) throws -> any QuantizedWeight
  /// These rows, float32, with inputs in the order of memory, by ordinary operations: on other devices.
  func plainRows(_ range: Range<Int>) throws -> Tensor
}

/// An order of inputs other than their own.
public struct InputOrder: @unchecked Sendable {
  /// int64 [in]: the input at each place of memory, and the place of each input.
  let inputs, places: Tensor

  init(_ inputs: Tensor) throws { (self.inputs, places) = (inputs, try inputs.argsort()) }
}

extension QuantizedWeight {
  public var shape: [Int] { [packed.rows, packed.columns] }
  public var device: Device { packed.codes.device }
  public var order: InputOrder? { nil }

  /// What a checkpoint keeps, under the weight's own name.
  public func entries() throws -> [(name: String, tensor: Tensor)] { try entries(named: name) }

  private var inputs: Int { packed.columns }
  private var outputs: Int { packed.rows }

  public func dense(_ dtype: DType) throws -> Tensor { try rows(0..<outputs, dtype) }

  public func rows(_ range: Range<Int>, _ dtype: DType) throws -> Tensor {
    try withoutGradients {
      var tile: Tensor
      if device == .cpu {
        tile = try Tensor.empty([range.count, inputs], dtype: Self.tileType(dtype))
        try tile.dequantizeRows_(packed, range)
      } else {
        tile = try plainRows(range)
      }
      if let order { tile = try tile.indexSelect(1, order.places) }
      return try tile.to(dtype: dtype)
    }
  }

  public func product(_ x: Tensor, bias: Tensor?) throws -> Tensor {
    try withoutGradients {
      var rows = try x.reshaped([-1, inputs])
      if let order { rows = try rows.indexSelect(1, order.inputs) }
      let shape = Array(x.shape.dropLast()) + [outputs]
      if device == .cpu, let y = try rows.packedLinear(packed, bias: bias) { return try y.view(shape) }
      var whole: Tensor?
      try eachTile(x.dtype) { range, tile in
        let part = try bias?.slice(0, range)
        let product = try rows.fastLinear(tile, bias: part) ?? rows.linear(tile, bias: part)
        guard range.count < outputs else { return whole = product }
        let y = try whole ?? Tensor.empty([rows.shape[0], outputs], dtype: x.dtype, device: x.device)
        whole = y
        try y.slice(1, range).copy_(product)
      }
      return try (whole ?? Tensor.empty([rows.shape[0], outputs], dtype: x.dtype, device: x.device)).view(
        shape)
    }
  }

  public func transposedProduct(_ g: Tensor) throws -> Tensor {
    try withoutGradients {
      let rows = try g.reshaped([-1, outputs])
      // Sums over many tiles in few bits would lose what the tiles have.
      let type: DType = g.dtype.isReducedPrecision ? .float32 : g.dtype
      var sum: Tensor?
      try eachTile(g.dtype) { range, tile in
        let part = try rows.slice(1, range)
        let product = try part.fastLinear(tile.t(), bias: nil) ?? part.matmul(tile)
        sum = try sum?.add_(product) ?? (range.count == outputs ? product : product.to(dtype: type))
      }
      guard var sum else { return try Tensor.zeros(g.shape.dropLast() + [inputs], dtype: g.dtype) }
      if let order { sum = try sum.indexSelect(1, order.places) }
      return try sum.to(dtype: g.dtype).view(g.shape.dropLast() + [inputs])
    }
  }

  /// Calls `body` with one tile of dense rows after the other. The memory is used again: keep nothing of it.
  private func eachTile(_ dtype: DType, _ body: (Range<Int>, Tensor) throws -> Void) throws {
    // Most layers are one tile, so that their products are as large as those of dense weights; more of them than this
    // is never dense at once.
    let size = min(outputs, max(16, (1 << 23) / max(1, inputs)))
    let buffer = device == .cpu ? try Tensor.empty([size, inputs], dtype: Self.tileType(dtype)) : nil
    for start in stride(from: 0, to: outputs, by: max(1, size)) {
      let range = start..<min(start + size, outputs)
      guard let tile = try buffer?.slice(0, 0..<range.count) else {
        try body(range, plainRows(range).to(dtype: dtype))
        continue
      }
      try tile.dequantizeRows_(packed, range)
      try body(range, tile.to(dtype: dtype))
    }
  }

  /// The type that the kernels write; others are converted.
  private static func tileType(_ dtype: DType) -> DType { dtype == .bfloat16 ? .bfloat16 : .float32 }
}
