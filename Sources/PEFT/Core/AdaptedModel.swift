import Configuration
import JSON
import NN
import Torch

/// A model with adapters: adding, activating, training, merging, removing.
///
/// The model itself is not wrapped; its layers' slots are edited. Being active (adding to the output), trainable
/// (changed by training) and merged (folded into the weight) are three separate states of an adapter.
public final class AdaptedModel {
  public let store: VariableStore
  public let traits: ModelTraits
  /// In the order in which they were added.
  public internal(set) var names: [String] = []
  public internal(set) var configurations: [String: AdapterConfiguration] = [:]
  /// Names of the adapters that add to the output, in the order of activation.
  public private(set) var active: [String] = []
  /// What training needs besides parameters, by adapter.
  public private(set) var hooks: [String: any TrainingHook] = [:]
  let generator: Generator

  /// - Parameter seed: of the adapters' initial values.
  public init(_ store: VariableStore, traits: ModelTraits = ModelTraits(), seed: UInt64 = 0) throws {
    (self.store, self.traits) = (store, traits)
    generator = try Generator(seed: seed)
  }

  /// Adds an adapter with initial values, active and trainable.
  ///
  /// - Parameter calibration: what initialisations that depend on data (`eva`, `corda`, `lora_ga`) look at.
  /// - Throws: ``AdapterError`` when the name is taken, or the configuration matches no layer or one that the
  ///   method cannot adapt; nothing has changed then.
  @discardableResult
  public func add(
    _ method: any AdapterMethod, named name: String = "default", calibration: Calibration? = nil
  ) throws -> InjectionReport {
    try checkNew(name)
    var configuration = AdapterConfiguration(method)
    let start = try calibrate(&configuration, on: calibration)
    let context = InjectionContext(isLoading: false, generator: generator, factors: start.factors)
    var report = try inject(configuration, named: name, context)
    report.warnings += start.warnings
    try setTrainable(true, name)
    try activate([name])
    return report
  }

  /// Puts adapters into the slots, inactive.
  func inject(
    _ configuration: AdapterConfiguration, named name: String, _ context: InjectionContext
  ) throws -> InjectionReport {
    try checkNew(name)
    var (configuration, report) = (configuration, InjectionReport())
    if let ranges = configuration.method.layerReplication, !ranges.isEmpty, !store.isStacked {
      throw AdapterError(
        "layer_replication is \(ranges), but the model has the layers of its checkpoint: load it with these ranges"
      )
    }
    if !context.isLoading { addHeads(to: &configuration) }
    var targets: [any AdaptableLayer] = []
    let prompt = try makePrompt(&configuration, context)
    if prompt == nil {
      (targets, report.warnings) = try settleTargets(of: &configuration)
      for layer in targets { try configuration.method.check(layer) }
      try requireUntied(targets, configuration.method)
      report.adapted = targets.map(\.name)
    }
    var context = context
    context.original = store.original(of:)
    for outer in targets { for layer in outer.inner { context.inner[ObjectIdentifier(layer)] = outer.name } }
    let addressed = targets.filter { context.inner[ObjectIdentifier($0)] == nil }.map(\.name)
    report.warnings += try configuration.method.unmatchedPatterns(addressed).map {
      "rank_pattern or alpha_pattern: '\($0)' matches no adapted layer"
    }
    // Everything is made before anything is inserted: a failure leaves no half-adapted model.
    var made: [Made] = []
    for layer in targets {
      made.append((layer, try configuration.method.makeAdapter(for: layer, context: context)))
    }
    Self.place(made)
    made += try tokenRows(configuration.method, beside: made, context)
    made = try tyingTokens(made, configuration.method)
    for module in configuration.method.targeting.modulesToSave ?? [] {
      let layers = store.layers.filter { ModulesToSave.isInside($0.name, module) }
      if layers.isEmpty, !Self.usualHeads.contains(module) {
        report.warnings.append("modules_to_save: '\(module)' matches no layer")
      }
      for layer in layers where !made.contains(where: { $0.layer === layer }) {
        guard !layer.isParameter else {
          throw AdapterError(
            "modules_to_save: '\(module)' has the parameter '\(layer.name)', which is no layer: name layers, and "
              + "adapt it with target_parameters")
        }
        let twin = made.first { $0.layer.weight === layer.weight && $0.adapter is ModulesToSave }
        let isShared = configuration.method.ensuresWeightTying
        made.append((layer, try (isShared ? twin?.adapter : nil) ?? ModulesToSave(layer)))
        report.saved.append(layer.name)
      }
    }
    if configuration.method.bias == .all {
      for layer in store.layers where !made.contains(where: { $0.layer === layer }) {
        if let bias = layer.bias { made.append((layer, try TrainedBias(bias))) }
      }
    }
    for (layer, adapter) in made { layer.slot.insert(adapter, named: name, isActive: false) }
    if let prompt { store.prompts?.insert(prompt, named: name) }
    hooks[name] = try configuration.method.makeHook(for: made.map { ($0.layer.name, $0.adapter) })
    names.append(name)
    configurations[name] = configuration
    return report
  }

  /// - Throws: ``AdapterError`` where the adapter of a layer would have to be another's, transposed.
  private func requireUntied(_ targets: [any AdaptableLayer], _ method: any AdapterMethod) throws {
    guard method.ensuresWeightTying else { return }
    for layer in targets {
      guard let twin = store.layers.first(where: { $0 !== layer && $0.weight === layer.weight }) else {
        continue
      }
      throw AdapterError(
        "ensure_weight_tying with an adapter on '\(layer.name)', which shares its weight with '\(twin.name)', is not "
          + "supported: leave '\(layer.name)' out of target_modules, or put it into modules_to_save")
    }
  }

  /// The layers that a configuration means, with warnings; what it leaves open is written into it.
  func settleTargets(
    of configuration: inout AdapterConfiguration
  ) throws -> (layers: [any AdaptableLayer], warnings: [String]) {
    let modules = store.layers.filter { !$0.isParameter }
    let finder = TargetFinder(layers: modules, traits: traits)
    let parameters = try finder.parameters(of: configuration.method, among: store.layers)
    try configuration.method.settle(for: traits, layers: modules)
    if !parameters.layers.isEmpty, configuration.method.targeting.modules == nil {
      configuration.method.targeting.modules = .names([])
    }
    let selection = try finder.resolve(configuration.method.targeting.modules)
    configuration.method.targeting.modules = selection
    var found: (layers: [any AdaptableLayer], warnings: [String]) =
      selection == .names([]) && !parameters.layers.isEmpty
      ? ([], []) : try finder.targets(of: configuration.method, among: selection)
    let whole = found.layers + found.layers.flatMap(\.inner) + parameters.layers
    found.layers = store.layers.filter { layer in whole.contains { $0 === layer } }
    found.warnings += parameters.warnings
    guard let further = configuration.method.furtherTargets else { return found }
    let others = try finder.resolve(further)
    configuration.method.furtherTargets = others
    let more = try finder.targets(of: configuration.method, among: others, field: "magnitude_only_modules")
    found.layers = store.layers.filter { layer in (found.layers + more.layers).contains { $0 === layer } }
    found.warnings += more.warnings
    return found
  }

  /// The prompt of a method that learns one; nil for others.
  private func makePrompt(
    _ configuration: inout AdapterConfiguration, _ context: InjectionContext
  ) throws -> LearnedPrompt? {
    guard var method = configuration.method as? any PromptMethod else { return nil }
    guard let slot = store.prompts else {
      throw AdapterError("the model reads no soft prompts: choose a method that adapts layers, such as lora")
    }
    try method.settle(for: slot.shape)
    configuration.method = method
    return try method.makePrompt(in: slot, context: context)
  }

  /// Names of classification heads that Hugging Face PEFT saves for classifiers of every family.
  static let usualHeads = ["classifier", "score"]

  /// A fresh head is trained whole, as Hugging Face PEFT does for classification tasks.
  func addHeads(to configuration: inout AdapterConfiguration) {
    configuration.shared.taskType = configuration.shared.taskType ?? traits.taskType
    let isClassifier = ["SEQ_CLS", "TOKEN_CLS"].contains(configuration.shared.taskType)
    guard isClassifier || !traits.heads.isEmpty else { return }
    var modules = configuration.method.targeting.modulesToSave ?? []
    for head in (isClassifier ? Self.usualHeads : []) + traits.heads where !modules.contains(head) {
      modules.append(head)
    }
    configuration.method.targeting.modulesToSave = modules
  }

  func checkNew(_ name: String) throws {
    guard !names.contains(name) else {
      throw AdapterError("there is an adapter named '\(name)' already: delete it, or choose another name")
    }
    guard !name.isEmpty, !name.contains(".") else {
      throw AdapterError("an adapter cannot be named '\(name)': use a name without a dot")
    }
  }

  /// Makes exactly these adapters add to the output; no names for the bare model.
  public func activate(_ chosen: [String]) throws {
    for name in chosen { try checkKnown(name) }
    try store.prompts?.activate(chosen)
    for layer in store.layers { layer.slot.activate(chosen) }
    active = chosen
  }

  /// Whether training changes an adapter. Does not touch whether it is active.
  public func setTrainable(_ value: Bool, _ name: String = "default") throws {
    try checkKnown(name)
    for layer in store.layers { try layer.slot.setTrainable(value, name) }
    try store.prompts?.setTrainable(value, name)
  }

  /// Runs `body` with the base alone; merged adapters are taken out and put back.
  public func withAdaptersDisabled<Result>(_ body: () throws -> Result) throws -> Result {
    let merged = names.filter(isMerged)
    unmerge()
    store.mode.usesAdapters = false
    defer { store.mode.usesAdapters = true }
    let result = try body()
    store.mode.usesAdapters = true
    try merge(merged)
    return result
  }

  /// Folds adapters (nil: the active ones) into the weights, in float32. ``unmerge()`` restores every bit.
  public func merge(_ chosen: [String]? = nil) throws {
    let chosen = chosen ?? active
    try requireMergeable(chosen)
    do {
      for layer in store.layers { try layer.merge(chosen) }
    } catch {
      unmerge()
      throw error
    }
  }

  /// - Throws: ``AdapterError`` for an adapter that is unknown, or of a kind that no weight can hold.
  public func requireMergeable(_ chosen: [String]) throws {
    for name in chosen {
      try checkKnown(name)
      guard store.prompts?[name] == nil else {
        throw AdapterError(
          "'\(name)' is a soft prompt and cannot be merged, since no weight holds what stands before a text: "
            + "keep it beside the model")
      }
    }
  }

  public func unmerge() { for layer in store.layers { layer.unmerge() } }

  /// Folds the active adapters in for good and forgets all adapters.
  public func mergeAndUnload() throws {
    try merge()
    for layer in store.layers { layer.commitMerge() }
    for name in names { store.prompts?.remove(name) }
    (names, active, configurations, hooks) = ([], [], [:], [:])
  }

  public func isMerged(_ name: String) -> Bool {
    store.layers.contains { $0.slot[name]?.isMerged == true }
  }

  /// Removes an adapter.
  ///
  /// - Throws: ``AdapterError`` when there is none of this name, or it is merged.
  public func delete(_ name: String) throws {
    try checkKnown(name)
    for layer in store.layers { try layer.slot.remove(name) }
    store.prompts?.remove(name)
    names.removeAll { $0 == name }
    active.removeAll { $0 == name }
    configurations[name] = nil
    hooks[name] = nil
  }

  /// Gives an adapter another name in all that is kept of it here.
  func changeName(_ old: String, to new: String) {
    names = names.map { $0 == old ? new : $0 }
    active = active.map { $0 == old ? new : $0 }
    configurations[new] = configurations.removeValue(forKey: old)
    hooks[new] = hooks.removeValue(forKey: old)
  }

  func checkKnown(_ name: String) throws {
    guard !names.contains(name) else { return }
    let hint = NearestName.find(name, among: names).map { " (did you mean '\($0)'?)" } ?? ""
    let known = names.isEmpty ? "there are none" : "there are \(names.joined(separator: ", "))"
    throw AdapterError("there is no adapter named '\(name)'\(hint): \(known)")
  }
}
