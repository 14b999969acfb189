import Torch

/// (x - mean) / sqrt(variance + eps) * weight + bias for each channel of [batch, channels, ...].
///
/// Mean and variance are those of the batch in training, and else those that training has seen on average. The averages
/// belong to the weights: they move when these are trained, and stay as they are under an adapter, whose files could not
/// keep them.
///
/// Source: Ioffe and Szegedy 2015, "Batch Normalization".
public final class BatchNorm: AdaptableLayer {
  public let name: String
  public let kind: LayerKind
  public let slot: AdapterSlot
  public let mode: Mode
  public var weight: any WeightStorage
  public var bias: Parameter?
  public let eps: Double
  /// How far the averages move towards those of a batch.
  public let momentum = 0.1
  private let mean, variance: Parameter
  private let batchCount: Parameter?

  public init(_ path: Path, size: Int, eps: Double = 1e-5) throws {
    (name, kind, self.eps) = (path.name, .norm(size: size), eps)
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    weight = try path.parameter("weight", [size], initial: .ones)
    bias = try path.parameter("bias", [size], initial: .zeros)
    mean = try path.constant("running_mean", [size])
    variance = try path.constant("running_var", [size])
    let count = "num_batches_tracked"
    batchCount = path.store.hasCheckpointTensor(path.full(count)) ? try path.constant(count, []) : nil
    path.store.add(self)
  }

  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    let moves = mode.isTraining && self.weight.isTrained && isRecordingGradients
    let keepsAverages = !mode.isTraining || moves
    if moves, let batchCount { batchCount.tensor = try batchCount.tensor + 1 }
    return try x.batchNorm(
      weight: weight.dense(weight.dtype), bias: bias, mean: keepsAverages ? mean.tensor : nil,
      variance: keepsAverages ? variance.tensor : nil, training: mode.isTraining, momentum: momentum, eps: eps
    )
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor { try adaptedOutput(x) }
}
