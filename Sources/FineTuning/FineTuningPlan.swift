import Models
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
