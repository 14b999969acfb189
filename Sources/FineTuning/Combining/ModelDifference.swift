import Models
import NN
import PEFT
import Torch

extension Extraction {
  /// The difference of the models in two folders; see ``init(base:tuned:keeping:modules:savesOthers:shared:isTransposed:)``.
  ///
  /// - Parameters:
  ///   - base: a folder in Hugging Face layout, or a hub id.
  ///   - tuned: the same model after training.
  public init(
    base: String, tuned: String, keeping truncation: Truncation, modules: ModuleSelection? = nil,
    savesOthers: Bool = false
  ) throws {
    let folder = try ModelFolder(base)
    let config = try ModelConfiguration(folder: folder.path)
    var shared = AdapterConfiguration.Shared()
    shared.baseModel = base
    shared.taskType = try config.architectures.first.flatMap(Self.task)
    try self.init(
      base: SafetensorsSource(path: folder.path), tuned: SafetensorsSource(path: ModelFolder(tuned).path),
      keeping: truncation, modules: modules, savesOthers: savesOthers, shared: shared,
      isTransposed: TransposedWeights(modelType: config.modelType).contains)
  }

  /// The `task_type` of a class such as `LlamaForCausalLM`.
  private static func task(of architecture: String) -> String? {
    let endings = [
      "ForCausalLM": "CAUSAL_LM", "LMHeadModel": "CAUSAL_LM", "ForSequenceClassification": "SEQ_CLS",
      "ForTokenClassification": "TOKEN_CLS", "ForConditionalGeneration": "SEQ_2_SEQ_LM",
      "ForQuestionAnswering": "QUESTION_ANS",
    ]
    return endings.first { architecture.hasSuffix($0.key) }?.value
  }
}
