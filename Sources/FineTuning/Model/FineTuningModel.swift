import Models
import NN
import PEFT
import Torch
import Training

/// A model and what is trained of it, as the training loop sees it: an adapter, all weights, or (to score it) nothing.
public final class FineTuningModel: TrainableModel {
  /// What training changes.
  public enum Subject: Sendable, Hashable {
    case adapter(String)
    case allWeights
    case nothing
  }

  public let model: any Model
  public let adapters: AdaptedModel
  public let objective: Objective
  public let device: Device
  public let hooks: [any TrainingHook]
  public let parameters: [TrainableParameter]
  public let totalParameterCount: Int
  private let write: (String) throws -> Void
  /// Whether rows may name the adapters that score them.
  private let routesRows: Bool

  /// - Parameters:
  ///   - options: for learning rates that differ.
  ///   - write: saves what training has made into a folder.
  public init(
    _ tuned: AdaptedPretrainedModel, training subject: Subject, objective: Objective,
    options: TrainingOptions = TrainingOptions(), write: @escaping (String) throws -> Void = { _ in }
  ) throws {
    (model, adapters) = (tuned.model, tuned.adapters)
    (self.objective, self.device, self.write) = (objective, tuned.model.store.device, write)
    model.store.mode.gradientCheckpointing = options.gradientCheckpointing
    routesRows = subject == .nothing
    let base = model.store.parameterCount
    switch subject {
    case .adapter(let name):
      let own = adapters.hooks[name].map { [$0] } ?? []
      hooks = try own + (options.optimizer == .loraFA ? [LoRAFA(adapters, training: name)] : [])
      parameters = adapters.trainableParameters.map { entry in
        TrainableParameter(
          name: entry.name, tensor: entry.parameter.tensor, learningRateScale: Self.scale(entry, options))
      }
      totalParameterCount = adapters.parameters(of: name).reduce(base) { $0 + $1.parameter.tensor.count }
    case .allWeights:
      guard model.store.quantizedWeights.isEmpty else {
        throw AdapterError(
          "all weights of a quantized model, which cannot be trained: train an adapter, or a dense model")
      }
      hooks = RunningAverages(model.store).map { [$0] } ?? []
      let trained = model.store.parameters.filter { $0.tensor.dtype.isFloatingPoint && !$0.isConstant }
      parameters = try trained.map { parameter in
        TrainableParameter(name: parameter.name, tensor: try parameter.tensor.requireGrad())
      }
      totalParameterCount = base
    case .nothing:
      (hooks, parameters, totalParameterCount) = ([], [], base)
    }
  }

  /// A fresh head has a rate of its own; LoRA+ (Hayou et al. 2024, section 4) lets B and vectors learn faster, and the
  /// tables of embeddings at the fixed rate that PEFT gives them.
  private static func scale(_ entry: NamedParameter, _ options: TrainingOptions) -> Double {
    guard options.learningRate > 0 else { return 1 }
    let name = entry.parameter.name
    if name == "weight" || name == "bias", let rate = options.headLearningRate {
      return rate / options.learningRate
    }
    guard let ratio = options.loraPlusRatio else { return 1 }
    if name.hasPrefix("lora_embedding") { return 1e-6 / options.learningRate }
    return name.hasPrefix("lora_B") || entry.parameter.tensor.rank == 1 ? ratio : 1
  }

  public var isTraining: Bool {
    get { model.store.mode.isTraining }
    set { model.store.mode.isTraining = newValue }
  }

  public func summedLoss(_ batch: Batch) throws -> Tensor {
    if objective == .sequence, let model = model as? any SequenceToSequenceModel {
      let input = ModelInput(ids: batch.ids, attentionMask: batch.attentionMask)
      return try routed(batch) { try model.targetLoss(input, labels: batch.labels).sum }
    }
    if objective == .maskedToken, let model = model as? any MaskedLanguageModel {
      return try routed(batch) { try model.maskedLoss(modelInput(batch), labels: batch.labels).sum }
    }
    guard objective == .nextToken, let model = model as? any CausalLanguageModel else {
      return try objective.summedLoss(logits(batch), batch)
    }
    if laysEndToEnd(batch, model), let whole = try EndToEndBatch(batch, fillsUp: !model.weighsRouting) {
      return try model.nextTokenLoss(whole.input, labels: whole.labels).sum
    }
    // Padding is on the right, where no token that counts can see it: no mask is needed, except to count routes.
    let input = ModelInput(
      ids: batch.ids, attentionMask: model.weighsRouting ? batch.attentionMask : nil,
      positions: batch.positions, segments: batch.segments)
    return try routed(batch) { try model.nextTokenLoss(input, labels: batch.labels).sum }
  }

  /// Soft prompts and adapters of single rows go by rows, as does who looks at layers' inputs.
  private func laysEndToEnd(_ batch: Batch, _ model: any CausalLanguageModel) -> Bool {
    let store = model.store
    return model.laysTextsEndToEnd && !store.mode.keepsPadding && store.prompts?.working == nil
      && batch.adapters.allSatisfy { $0 == nil }
  }

  public func logits(_ batch: Batch) throws -> Tensor { try routed(batch) { try plainLogits(batch) } }

  private func plainLogits(_ batch: Batch) throws -> Tensor {
    try model.logits(modelInput(batch))
  }

  private func modelInput(_ batch: Batch) throws -> ModelInput {
    if let pixels = batch.pixels { return try ModelInput(pixels: pixels) }
    // A classifier reads where each text ends from the mask, even if all are of one length.
    let needsMask = model.task == .sequenceClassification && batch.attentionMask == nil
    let full = needsMask ? try Tensor.ones(batch.ids.shape, dtype: .bool, device: device) : nil
    var input = ModelInput(
      ids: batch.ids, attentionMask: batch.attentionMask ?? full, positions: batch.positions,
      segments: batch.segments, typeIDs: batch.typeIDs)
    if objective == .sequence, let model = model as? any SequenceToSequenceModel {
      input.decoderIDs = try model.decoderInputs(for: batch.labels)
    }
    return input
  }

  private func routed<Result>(_ batch: Batch, _ body: () throws -> Result) throws -> Result {
    guard routesRows else { return try body() }
    return try adapters.withAdapters(asked: batch.adapters, origins: batch.origins, body)
  }

  public func save(to folder: String) throws { try write(folder) }
}
