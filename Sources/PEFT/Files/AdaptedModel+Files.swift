import Configuration
import NN
import Torch

extension AdaptedModel {
  /// What loading an adapter found beside what it needed.
  public struct LoadReport: Sendable {
    public var injection = InjectionReport()
    /// Keys of adapter_config.json that are kept but not understood.
    public var unknownFields: [String] = []
    /// With mismatches allowed: tensors that the file lacks, has in excess, or has in another shape.
    public var missing: [String] = []
    public var unexpected: [String] = []
    public var mismatched: [String] = []
  }

  /// Loads the adapter folder `path`; it is active and not trainable then.
  ///
  /// - Parameter allowMismatch: leave what does not fit at its initial value instead of failing.
  /// - Throws: ``AdapterError`` naming every key that is missing, unexpected or of another shape; nothing has
  ///   changed then.
  @discardableResult
  public func load(
    folder path: String, named name: String = "default", allowMismatch: Bool = false
  ) throws -> LoadReport {
    try load(AdapterFolder(path: path), named: name, allowMismatch: allowMismatch)
  }

  @discardableResult
  public func load(
    _ folder: AdapterFolder, named name: String = "default", allowMismatch: Bool = false
  ) throws -> LoadReport {
    var (configuration, report) = (folder.configuration, LoadReport())
    report.unknownFields = configuration.unknownKeys
    let written = configuration.method.targeting
    configuration.method.targeting.modulesToSave = savedModules(folder.tensors, configuration)
    if var method = configuration.method as? any PromptMethod {
      method.common.isEncoded = folder.encoder.isEmpty
      configuration.method = method
    }
    let remark = try folder.missingStart()
    let context = InjectionContext(
      isLoading: !allowMismatch, generator: generator, isFromFile: true, hasStart: !folder.initial.isEmpty)
    report.injection = try inject(configuration, named: name, context)
    if let remark { report.injection.warnings.append(remark) }
    do {
      try fill(parameters(of: name), from: folder.forPrompt, &report)
      if context.hasStart { try fill(initialParameters(of: name), from: folder.initial, &report) }
      if !allowMismatch { try requireFit(report) }
      try requirePrompt(name, folder)
      try activate(active + [name])
    } catch {
      try? delete(name)
      throw error
    }
    configurations[name]?.method.targeting.modulesToSave = written.modulesToSave
    return report
  }

  /// Modules trained whole are told by the file: Hugging Face PEFT captures more of them than it names.
  private func savedModules(_ tensors: [String: Tensor], _ configuration: AdapterConfiguration) -> [String]? {
    let targets = configuration.method.targeting.modules
    let prefix = Self.keyPrefix(of: configuration.method)
    let saved = store.layers.filter { layer in
      tensors[prefix + layer.weightName] != nil && (try? targets?.matches(layer.name)) != true
    }
    return saved.isEmpty ? nil : saved.map(\.name)
  }

  private func fill(
    _ parameters: [NamedParameter], from tensors: [String: Tensor], _ report: inout LoadReport
  ) throws {
    var unused = Set(tensors.keys)
    try withoutGradients {
      for entry in parameters {
        guard let tensor = tensors[entry.name] else {
          report.missing.append(entry.name)
          continue
        }
        unused.remove(entry.name)
        let own = entry.parameter.tensor
        guard tensor.shape == own.shape else {
          report.mismatched.append("\(entry.name) is \(tensor.shape), the base needs \(own.shape)")
          continue
        }
        guard tensor.dtype.isFloatingPoint else {
          throw AdapterError(
            "\(entry.name) holds \(tensor.dtype), in the adapter: weights must be real numbers; save it again"
          )
        }
        try own.copy_(tensor)
      }
      for layer in store.layers {
        // PEFT saves a copy of an embedding that is adapted; it is the base's own table.
        unused.remove(Self.key(layer.name, "base_layer.weight"))
      }
    }
    report.unexpected += unused.sorted()
  }

  /// A network beside a prompt must be the one that made it.
  private func requirePrompt(_ name: String, _ folder: AdapterFolder) throws {
    guard !folder.encoder.isEmpty, let prompt = store.prompts?[name]?.prompt as? LearnedPrompt,
      let saved = folder.tensors["prompt_embeddings"]
    else { return }
    let made = try withoutGradients { try prompt.table() }
    guard made.shape == saved.shape, try made.relativeError(to: saved.to(dtype: made.dtype)) < 1e-3 else {
      throw AdapterError(
        "\(AdapterFolder.encoderName) does not make the prompt beside it: remove it to use the prompt alone")
    }
  }

  private func requireFit(_ report: LoadReport) throws {
    var parts: [String] = []
    func add(_ what: String, _ names: [String]) {
      guard !names.isEmpty else { return }
      let rest = names.count > 6 ? ", and \(names.count - 6) more" : ""
      parts.append("\(names.count) \(what): " + names.prefix(6).joined(separator: ", ") + rest)
    }
    add("of another shape", report.mismatched)
    add("missing", report.missing)
    add("unexpected", report.unexpected)
    guard !parts.isEmpty else { return }
    let mapping = KeyMapping.suggestion(missing: report.missing, unexpected: report.unexpected)
    let remedy = mapping.map { ", or rename its modules with --key-mapping '\($0)'" } ?? ""
    throw AdapterError(
      "the adapter is for another base, tensors \(parts.joined(separator: "; ")): use its own base model\(remedy)"
    )
  }

  /// The adapter as it is now, ready to be written.
  public func folder(of name: String = "default") throws -> AdapterFolder {
    try checkKnown(name)
    guard var configuration = configurations[name] else {
      throw AdapterError("there is no adapter named '\(name)'")
    }
    var tensors: [String: Tensor] = [:]
    var encoder: [String: Tensor] = [:]
    for entry in parameters(of: name) {
      let tensor = try entry.parameter.tensor.detached()
      if entry.name.hasPrefix(PromptEncoder.prefix) {
        encoder[String(entry.name.dropFirst(PromptEncoder.prefix.count))] = tensor
      } else {
        tensors[entry.name] = tensor
      }
    }
    if !encoder.isEmpty, let prompt = store.prompts?[name]?.prompt as? LearnedPrompt {
      tensors["prompt_embeddings"] = try withoutGradients { try prompt.table() }
    }
    if let saving = hooks[name] as? any AdapterSaving {
      (configuration.method, tensors) = try saving.prepare(configuration.method, tensors)
    }
    let initial = try initialParameters(of: name).map { ($0.name, try $0.parameter.tensor.detached()) }
    let isFlat = configuration.method is AdaLoRA
    let flat = isFlat ? store.layers.filter { $0.slot[name]?.adapter is AdaLoRALinear } : []
    return AdapterFolder(
      configuration: configuration, tensors: tensors, initial: Dictionary(uniqueKeysWithValues: initial),
      encoder: encoder, shapes: isFlat ? try LayerShapes(of: flat) : nil)
  }

  /// Writes an adapter as Hugging Face PEFT does.
  ///
  /// - Parameter asOrdinaryLoRA: write what PiSSA and its like have become as a LoRA on the untouched base; see
  ///   ``AdapterFolder/ordinaryLoRA()``.
  public func save(_ name: String = "default", to path: String, asOrdinaryLoRA: Bool = false) throws {
    try (asOrdinaryLoRA ? ordinaryLoRA(of: name) : folder(of: name)).write(to: path)
  }
}

extension AdapterFolder {
  /// The tensors that fill an adapter: for a prompt with its network, those of the network in place of the prompt.
  fileprivate var forPrompt: [String: Tensor] {
    guard !encoder.isEmpty else { return tensors }
    var tensors = tensors
    tensors["prompt_embeddings"] = nil
    for (key, tensor) in encoder { tensors[PromptEncoder.prefix + key] = tensor }
    return tensors
  }
}
