import Models
import NN
import PEFT
import Torch
import Training

/// Everything that a fine-tuning run is asked for.
public struct FineTuningPlan: Sendable {
  public var model: String
  public var data: String
  public var evaluationData: String?
  /// Nil for the one that config.json or the adapter names.
  public var task: ModelTask?
  /// What to train; nil for all weights.
  public var adapter: AdapterConfiguration?
  /// A folder with the adapter's first values; nil for new ones.
  public var initialAdapter: String?
  public var options: TrainingOptions
  public var dataOptions: DataOptions
  /// Of the base's weights; nil as they are.
  public var dtype: DType?
  public var device: Device
  /// Of the base's linear layers; nil as they are.
  public var quantization: Quantization?
  /// A folder with the weights before they were rounded, for a base that is kept in few bits; LoftQ looks at them.
  public var originals: String?
  /// Batches that initialisations which depend on data look at, at most.
  public var calibrationBatches = 32
  /// Whether the result is an ordinary LoRA on the untouched base, whatever the initialization took off it.
  public var convertsToLoRA = false
  /// The checkpoint that the run will go on from; nil for a new run.
  public var checkpoint: String?

  public init(
    model: String, data: String, evaluationData: String? = nil, task: ModelTask? = nil,
    adapter: AdapterConfiguration?, initialAdapter: String? = nil,
    options: TrainingOptions = TrainingOptions(),
    dataOptions: DataOptions = DataOptions(), dtype: DType? = nil, device: Device = .cpu
  ) {
    (self.model, self.data, self.evaluationData, self.task) = (model, data, evaluationData, task)
    (self.adapter, self.initialAdapter, self.options) = (adapter, initialAdapter, options)
    (self.dataOptions, self.dtype, self.device) = (dataOptions, dtype, device)
  }
}
