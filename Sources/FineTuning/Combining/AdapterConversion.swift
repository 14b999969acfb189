import Files
import Models
import NN
import PEFT
import Torch

/// An adapter on its way from one layout to another, with what its base says.
public struct AdapterConversion {
  /// A folder, a file, or a hub id.
  public let input: String
  /// The base model's folder or id; nil to do without.
  public let model: String?
  /// The layout of the input; nil to tell it by the contents.
  public var from: AdapterFormat?
  /// What the layouts do not say themselves.
  public var context = AdapterFormat.Context()
  /// The layout that was found.
  public private(set) var found: AdapterFormat?

  public init(_ input: String, model: String? = nil) { (self.input, self.model) = (input, model) }

  /// - Throws: what reading the files throws.
  public mutating func read() throws -> AdapterFolder {
    if let model { try learn(from: model) }
    let path = Folder.hasFile(input) ? input : try ModelFolder(input).path
    let (adapter, format) = try AdapterFormat.read(path, as: from, context)
    found = format
    return try adapter.shaped(byModel: model)
  }

  /// What had to be assumed to look at the adapter, or will not be in its folder.
  public func notes(on adapter: AdapterFolder) throws -> [String] {
    var notes: [String] = []
    if found == .loralib, context.alpha == nil {
      notes.append(
        "the file does not say its scale, and norms are of scale 1: give its lora_alpha with --alpha")
    }
    if found == .cloneofsimo {
      let paths = try adapter.updates(allowingMagnitudes: true).updates.map { $0.layer.split(separator: ".") }
      if paths.contains(where: { $0.count == 2 && Int($0[1]) != nil }) {
        notes.append("layers are called by their numbers, for their order is that of no model that is known")
      }
    }
    return notes
  }

  /// Writes the adapter; one of several models of a pipeline as one folder for each, where the layout has no other place
  /// for their names.
  public func write(_ adapter: AdapterFolder, as format: AdapterFormat, to path: String) throws {
    if format == .peft, found?.isOfPipelines == true {
      try PipelineFolders.write(adapter, to: path)
    } else {
      try format.write(adapter, to: path, completed(adapter))
    }
  }

  private mutating func learn(from model: String) throws {
    let folder = try ModelFolder(model)
    // A part of a pipeline, or a model of no library, may have none.
    context.baseConfiguration =
      try folder.file("config.json") == nil ? nil : ModelConfiguration(folder: folder.path).raw
    let names = try SafetensorsSource(path: folder.path).names
    context.modules = names.filter { $0.hasSuffix(".weight") }.map { String($0.dropLast(".weight".count)) }
  }

  /// The context with the base that `adapter` names, where that is on this machine and no other was given.
  private func completed(_ adapter: AdapterFolder) throws -> AdapterFormat.Context {
    guard model == nil, let base = adapter.configuration.shared.baseModel,
      let folder = ModelFolder(present: base)
    else {
      return context
    }
    var context = context
    context.baseConfiguration = try? ModelConfiguration(folder: folder.path).raw
    return context
  }

  /// The adapter as Hugging Face PEFT can load it with equal outputs, where it cannot as it is.
  public func readable(_ adapter: AdapterFolder) throws -> AdapterFolder {
    if adapter.configuration.method is EDoRA { return try adapter.foldedEDoRA() }
    guard let method = adapter.configuration.method as? LoRA,
      method.initialization.changesBase || method.magnitudeOnly != nil
    else { return adapter }
    // Where the folder does not say what was taken off the base, or how large a layer is, the base does.
    let isComplete = !adapter.initial.isEmpty && method.magnitudeOnly == nil
    return try isComplete || model == nil ? adapter.ordinaryLoRA() : adapted(adapter).ordinaryLoRA()
  }

  /// The adapter as an ordinary LoRA, measured on the base where its factors alone do not say what it adds.
  public func ordinaryLoRA(_ adapter: AdapterFolder, keeping truncation: Truncation?) throws -> AdapterFolder
  {
    let isPlain = (try? adapter.updates()) != nil
    guard !isPlain, model != nil else { return try AdapterSource(adapter).ordinaryLoRA(keeping: truncation) }
    let adapted = try adapted(adapter)
    return try AdapterSource(adapter, deltas: adapted.deltas()).ordinaryLoRA(keeping: truncation)
  }

  /// See ``AdaptedModel/reducingIntruders(of:_:)``.
  public func reducingIntruders(
    _ adapter: AdapterFolder, _ options: IntruderReduction
  ) throws -> (adapter: AdapterFolder, intruders: [(layer: String, count: Int)]) {
    try adapted(adapter).reducingIntruders(options)
  }

  private func adapted(_ adapter: AdapterFolder) throws -> AdaptedModel {
    guard let model else { throw AdapterError("the adapter's base is needed: give it with --model") }
    let task = adapter.configuration.shared.taskType.flatMap(ModelTask.init(peft:))
    let base = try PretrainedModel.load(folder: model, task: task)
    let adapted = try AdaptedModel(base.store, traits: base.adapterTraits())
    try adapted.load(adapter)
    return adapted
  }
}
