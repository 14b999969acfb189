import Torch

/// A convolution over 1, 2 or 3 spatial dimensions (`Conv1d`, `Conv2d`, `Conv3d`).
///
/// x [batch, in, size...] or [in, size...], W [out, in / groups, kernel...].
public final class Convolution: AdaptableLayer {
  public let name: String
  public let kind: LayerKind
  public let slot: AdapterSlot
  public let mode: Mode
  public var weight: any WeightStorage
  public var bias: Parameter?
  public let geometry: ConvolutionGeometry
  private let inputs: Int

  /// - Throws: ``TorchError`` when the geometry cannot be, or the checkpoint's tensor cannot be read.
  public init(
    _ path: Path, in inputs: Int, out outputs: Int, _ geometry: ConvolutionGeometry, bias: Bool = true
  ) throws {
    try geometry.validate(inputs: inputs, outputs: outputs, name: path.name)
    name = path.name
    kind = .convolution(dimensions: geometry.dimensions, inputs: inputs, outputs: outputs)
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    (self.geometry, self.inputs) = (geometry, inputs)
    let shape = [outputs, inputs / geometry.groups] + geometry.kernel
    weight = try path.parameter("weight", shape, initial: .kaimingUniform(a: 5.squareRoot()))
    let fanIn = shape.dropFirst().reduce(1, *)
    let bound = fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0
    self.bias = try bias ? path.parameter("bias", [outputs], initial: .uniform(bound)) : nil
    path.store.add(self)
  }

  /// What the layer computes with another weight [outputs, inputs / groups, kernel...].
  ///
  /// The weight says how many groups there are: an adapter of a grouped convolution may mix all inputs.
  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    let isSingle = x.rank == geometry.dimensions + 1
    guard isSingle || x.rank == geometry.dimensions + 2, weight.shape.count > 1, weight.shape[1] > 0 else {
      throw TorchError(
        .invalid,
        "\(name): input is \(x), for \(geometry.dimensions) dimensions: give [batch, \(inputs), size...]")
    }
    let (batch, padding) = try padded(isSingle ? x.unsqueezed(0) : x)
    let y = try batch.convolution(
      weight.dense(weight.dtype), bias: bias, stride: geometry.stride, padding: padding,
      dilation: geometry.dilation, groups: inputs / weight.shape[1])
    return isSingle ? try y.squeezed(0) : y
  }

  /// The input with the margins that the convolution itself does not add, and those that it does.
  private func padded(_ x: Tensor) throws -> (Tensor, [Int]) {
    let margins = geometry.margins
    if geometry.paddingMode == .zeros, margins.allSatisfy({ $0.before == $0.after }) {
      return (x, margins.map(\.before))
    }
    // Last dimension first.
    let amounts = margins.reversed().flatMap { [$0.before, $0.after] }
    let mode = geometry.paddingMode == .zeros ? "constant" : geometry.paddingMode.rawValue
    let isNeeded = amounts.contains { $0 > 0 }
    return (isNeeded ? try x.padded(amounts, mode: mode) : x, margins.map { _ in 0 })
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor { try adaptedOutput(x) }
}
