import Files
import Foundation
import Models
import NN
import PEFT
import Torch

/// A pretrained model of a supported family with adapters in its layers.
///
/// ```swift
/// let tuned = try AdaptedPretrainedModel(folder: "models/llama", adapters: ["my-adapter"])
/// let logits = try tuned.model.logits(ModelInput([1, 15, 27]))
/// ```
public final class AdaptedPretrainedModel {
  public let folder: String
  public let model: any Model
  public let adapters: AdaptedModel
  /// What loading each adapter found, by its name.
  public private(set) var reports: [(name: String, report: AdaptedModel.LoadReport)] = []

  /// Loads a model and its adapters; all of them are active.
  ///
  /// - Parameters:
  ///   - folder: a folder in Hugging Face layout, or a hub id.
  ///   - adapters: adapter folders or hub ids, perhaps with a name in front (`NAME=DIR`); others are named
  ///     `default`, `adapter2`, `adapter3`, ...
  ///   - task: nil for the one of config.json, or of the first adapter.
  ///   - dtype: of the base's weights; nil as they are.
  ///   - labels: the classes of a new classification head; nil for those of config.json or of an adapter's head.
  ///   - quantization: of the base's linear layers; nil as they are.
  ///   - layerRanges: ranges of layers to stack in place of the model's (`layer_replication`); nil for the adapters'.
  /// - Throws: what the rooms below say of folders that are missing or do not fit.
  public init(
    folder: String, adapters paths: [String] = [], task: ModelTask? = nil, dtype: DType? = nil,
    device: Device = .cpu, labels: ClassLabels? = nil, allowMismatch: Bool = false,
    keyMapping: KeyMapping? = nil, quantization: Quantization? = nil, seed: UInt64 = 0,
    stacking layerRanges: [[Int]]? = nil
  ) throws {
    self.folder = folder
    let places = paths.enumerated().map { NamedAdapter($1, index: $0) }
    let folders = try places.map { place in
      let folder = try AdapterFolder(path: ModelFolder(place.path).path)
      return try keyMapping.map { try folder.renamed(by: $0) } ?? folder
    }
    let task =
      task
      ?? folders.lazy.compactMap { $0.configuration.shared.taskType }.first.flatMap(ModelTask.init(peft:))
    let labels = try labels ?? ClassLabels.beside(places.map(\.path)) ?? Self.labels(folders, folder)
    model = try PretrainedModel.load(
      folder: folder, task: task, dtype: dtype, device: device, labels: labels,
      quantization: quantization, seed: seed,
      stacking: layerRanges ?? Self.layerRanges(zip(places.map(\.path), folders)))
    adapters = try AdaptedModel(model.store, traits: model.adapterTraits(), seed: seed)
    for (place, adapter) in zip(places, folders) {
      let (name, path) = (place.name, place.path)
      do {
        let adapter = try adapter.respelled(for: model)
        reports.append((name, try adapters.load(adapter, named: name, allowMismatch: allowMismatch)))
      } catch let error as AdapterError {
        throw AdapterError("\(error), in \(path)")
      }
    }
    try adapters.activate(adapters.names)
  }

  /// Writes the whole model as it is now, without adapters that are not merged.
  ///
  /// What else is in the folder stays.
  func writeModel(to folder: String) throws {
    let draft = Folder.join(folder, ".model")
    defer { try? FileManager.default.removeItem(atPath: draft) }
    try ModelWriter.save(model, from: ModelFolder(self.folder).path, to: draft, overwrite: true)
    // config.json last: a folder with one is complete.
    let names = try Folder.names(in: draft).sorted {
      ($0 == "config.json" ? 1 : 0, $0) < ($1 == "config.json" ? 1 : 0, $1)
    }
    for name in names {
      let (source, target) = (Folder.join(draft, name), Folder.join(folder, name))
      guard rename(source, target) == 0 else {
        throw FileError(
          code: .other, message: "cannot move the file into place", path: target,
          remedy: "check the folder's permissions")
      }
    }
  }

  /// The ranges that all adapters are made for.
  private static func layerRanges(_ adapters: Zip2Sequence<[String], [AdapterFolder]>) throws -> [[Int]]? {
    let ranges = adapters.map { (path: $0, ranges: $1.configuration.method.layerReplication) }
    guard let first = ranges.first else { return nil }
    if let other = ranges.first(where: { $0.ranges != first.ranges }) {
      throw AdapterError(
        "layer_replication differs between \(first.path) and \(other.path): load them one at a time")
    }
    return first.ranges
  }

  /// As many classes as an adapter's own head has, where config.json says otherwise.
  private static func labels(_ folders: [AdapterFolder], _ model: String) throws -> ClassLabels? {
    let config = try ModelConfiguration(folder: ModelFolder(model).path)
    guard let count = folders.lazy.compactMap(\.classCount).first, try config.labels.count != count else {
      return nil
    }
    return ClassLabels(count: count)
  }
}

/// An adapter on the command line: a folder, or a name for it and the folder.
struct NamedAdapter {
  let name, path: String

  /// - Parameter index: its place among all, which names it when it has no name.
  init(_ text: String, index: Int) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    // A folder may have an equals sign in its own name.
    guard parts.count == 2, !parts[0].isEmpty, !parts[0].contains("/"), !Folder.exists(text) else {
      (name, path) = (index == 0 ? "default" : "adapter\(index + 1)", text)
      return
    }
    (name, path) = (parts[0], parts[1])
  }
}

extension AdapterFolder {
  /// The number of classes of the head that comes with the adapter; nil when none does.
  fileprivate var classCount: Int? {
    let heads = [
      ".score.weight", ".classifier.weight", ".classifier.out_proj.weight", ".classifier.1.weight",
    ]
    return tensors.first { entry in entry.value.rank == 2 && heads.contains { entry.key.hasSuffix($0) } }?
      .value.shape.first
  }
}

extension Model {
  /// What adapters need to know of this model.
  public func adapterTraits() throws -> ModelTraits {
    try ModelTraits(
      modelType: configuration.modelType, outputEmbeddings: outputEmbeddingName.map { [$0] } ?? [],
      heads: headNames,
      taskType: task.peftTaskType)
  }
}

extension ModelTask {
  /// The `task_type` of adapter_config.json; nil where it knows none.
  public var peftTaskType: String? {
    switch self {
    case .causalLM: "CAUSAL_LM"
    case .sequenceClassification: "SEQ_CLS"
    case .tokenClassification: "TOKEN_CLS"
    case .seq2seqLM: "SEQ_2_SEQ_LM"
    case .questionAnswering: "QUESTION_ANS"
    case .featureExtraction: "FEATURE_EXTRACTION"
    case .maskedLM, .imageClassification: nil
    }
  }

  /// The task of a `task_type`.
  public init?(peft name: String) {
    guard let task = ModelTask.allCases.first(where: { $0.peftTaskType == name }) else { return nil }
    self = task
  }
}
