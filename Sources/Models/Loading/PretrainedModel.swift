import NN
import Safetensors
import Torch

/// Models from folders in Hugging Face layout.
///
/// ```swift
/// let model = try PretrainedModel.load(folder: "models/llama", task: .causalLM)
/// let logits = try model.logits(ModelInput([1, 15, 27]))
/// ```
public enum PretrainedModel {
  /// Builds the model that a folder holds. Weights are memory-mapped: they are read as they are used, and converted
  /// only if another type or device is asked for. Names in the checkpoint that the model has no use for remain in
  /// `store.report.unexpected`.
  ///
  /// - Parameters:
  ///   - folder: a folder, or a hub id that ``ModelFolder`` finds.
  ///   - task: nil for the one that config.json names.
  ///   - dtype: of the floating-point weights; nil for the checkpoint's own.
  ///   - labels: the classes of a new head; nil for those of config.json. The
  ///     head of a model that looks at pictures starts anew for another number of them.
  ///   - quantization: of the linear layers; nil as the folder has them. Heads and the output embedding stay dense.
  ///   - seed: of the values of a new head.
  ///   - layerRanges: ranges of layers `[start, end)` to stack in place of the model's layers, which share weights
  ///     where they are the same (`layer_replication` of an adapter); nil for the layers as they are.
  /// - Throws: `ModelError` for what is not supported, and for weights that do not fit config.json; what `Files`,
  ///   `JSON` and `Safetensors` say of files that are missing, unreadable or malformed.
  public static func load(
    folder: String, task: ModelTask? = nil, dtype: DType? = nil, device: Device = .cpu,
    labels: ClassLabels? = nil, quantization: Quantization? = nil, seed: UInt64 = 0,
    stacking layerRanges: [[Int]]? = nil
  ) throws -> any Model {
    let folder = try ModelFolder(folder)
    var config = try ModelConfiguration(folder: folder.path).withQuantizationBeside(folder.path)
    let hasOtherClasses = try labels.map { try $0.count != config.labels.count } ?? false
    if let labels { config = config.with(labels) }
    let stored = try config.storedQuantization
    try config.checkQuantization(asked: quantization)
    let family = try ModelRegistry.family(of: config)
    let replication = try layerRanges.map { try LayerReplication($0, of: config, family) }
    if let replication { config = try replication.applied(to: config) }
    let task = try family.task(config, asked: task)
    let source = try checkpointSource(in: folder.path)
    let type = try dtype ?? config.dtype ?? source.firstFloatingPointType()
    var quantization = quantization
    quantization?.skippedModules += family.wideModules
    let store = try VariableStore(
      family.prefixed(source, for: task), dtype: type, device: device, seed: seed, quantization: quantization,
      stored: stored, isFresh: { family.isHead($0, of: task) },
      replacesHeads: hasOtherClasses && task == .imageClassification,
      origin: replication.map { stack in { stack.origin(of: $0) } }, staysWide: family.staysWide)
    let model = try family.build(config, task, store)
    store.forgive { family.isHarmless($0, in: task) }
    store.carry { name in family.passengers.contains(where: name.hasPrefix) }
    do {
      try store.report.requireClean(unexpectedIsFine: true)
    } catch {
      if hasOtherClasses, let labels, !store.report.mismatched.isEmpty, store.report.missing.isEmpty {
        throw ModelError(
          "the rows have \(labels.count) classes, the model's head others, \(error), in \(folder.path): label them as its "
            + "config.json does, or begin from a model without a head")
      }
      throw ModelError("\(error), in \(folder.path): check that config.json and the weights belong together")
    }
    return model
  }
}

extension Model {
  /// Says where the weights of a model that is kept in few bits are as they were before.
  ///
  /// - Parameter folder: the unrounded model's folder or id.
  /// - Throws: ``ModelError`` for a model that is not kept in few bits, or a folder without its weights.
  public func useOriginals(in folder: String) throws {
    guard let first = store.quantizedWeights.first else {
      throw ModelError("the weights of the model are not rounded: leave out --originals, or add --quantize")
    }
    let place = try ModelFolder(folder).path
    let source = try ModelRegistry.family(of: configuration).prefixed(
      checkpointSource(in: place), for: task)
    guard source.shape(of: first.name) == first.shape,
      try source.tensor(named: first.name).dtype.isFloatingPoint
    else {
      throw ModelError("no unrounded \(first.name), in \(place): name the folder that the base was made from")
    }
    store.originals = source
  }
}

extension TensorSource {
  /// The type that stands for the whole checkpoint, as in transformers.
  func firstFloatingPointType() throws -> DType? {
    for name in names {
      let dtype = try tensor(named: name).dtype
      // Weights of one byte stand for those of another type.
      if dtype.isFloatingPoint, dtype.byteSize > 1 { return dtype }
    }
    return nil
  }
}

extension ModelFamily {
  /// What the body's names begin with in a model for `task`.
  func prefix(for task: ModelTask) -> String {
    task == .sequenceClassification || task == .tokenClassification ? classifierPrefix ?? prefix : prefix
  }

  /// Whether a parameter belongs to a head that a new task adds, or to a part of the body that may be new.
  func isHead(_ name: String, of task: ModelTask) -> Bool {
    guard ![.causalLM, .seq2seqLM, .featureExtraction].contains(task) else { return false }
    return !name.hasPrefix("\(prefix(for: task)).") || spares.contains(where: name.hasPrefix)
  }

  /// What checkpoints carry without need: tables computed from config.json, and the heads of other tasks.
  func isHarmless(_ name: String, in task: ModelTask) -> Bool {
    if let unread = unread[task], name.hasPrefix(unread) { return true }
    let lacksPrefix = task == .featureExtraction && !prefix.isEmpty && !heads.contains(where: name.hasPrefix)
    let name = lacksPrefix ? "\(prefix).\(name)" : name
    return buffers.contains(where: name.hasSuffix) || (heads + spares).contains(where: name.hasPrefix)
  }

  /// Whether a parameter is too large for float16.
  func staysWide(_ name: String) -> Bool { wideModules.contains { name.hasSuffix(".\($0).weight") } }

  /// The checkpoint under the names of a model for `task`: a bare body's lack the prefix, and so does a model without a
  /// head; another task's may have another. Single experts are stacked.
  func prefixed(_ source: any TensorSource, for task: ModelTask) -> any TensorSource {
    let renamed = renamed(source, for: task)
    guard renamed.names.contains(where: { stack($0) != nil }) else { return renamed }
    return StackedSource(renamed, place: stack)
  }

  private func renamed(_ source: any TensorSource, for task: ModelTask) -> any TensorSource {
    let names = source.names
    let isWhole = names.contains { name in wholeMarks.contains(where: name.hasPrefix) }
    let own = task == .featureExtraction && !isWhole ? "" : prefix(for: task)
    let found =
      [prefix, classifierPrefix ?? ""].first { prefix in
        !prefix.isEmpty && names.contains { respell($0).hasPrefix("\(prefix).") }
      } ?? ""
    guard found != own || names.contains(where: { respell($0) != $0 }) else { return source }
    return RenamedSource(source, keepsNames: keepsSpelling && (found == own || task == .featureExtraction)) {
      name in
      var name = respell(name)
      guard found != own, !heads.contains(where: name.hasPrefix) else { return name }
      if !found.isEmpty {
        guard name.hasPrefix("\(found).") else { return name }
        name.removeFirst(found.count + 1)
      }
      return own.isEmpty ? name : "\(own).\(name)"
    }
  }
}

extension PretrainedModel {
  /// The task that a configuration names.
  ///
  /// - Throws: ``ModelError`` for a family or task that is not supported.
  public static func task(of config: ModelConfiguration) throws -> ModelTask {
    try ModelRegistry.family(of: config).task(config, asked: nil)
  }

  /// The tasks that the family of a configuration can do, the usual one first.
  ///
  /// - Throws: ``ModelError`` for a family that is not supported.
  public static func tasks(of config: ModelConfiguration) throws -> [ModelTask] {
    try ModelRegistry.family(of: config).tasks
  }
}
