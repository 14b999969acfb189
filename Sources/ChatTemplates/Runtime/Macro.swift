/// A macro, or the body of a `call` block, together with the variables around its definition.
final class Macro: Callable {
  struct Definition: Sendable {
    /// Nil for the body of a `call` or `generation` block.
    let name: Text?
    let parameters: [NameUse]
    /// For the last of the parameters.
    let defaults: [Expression]
    /// The variables every body may mention without declaring them.
    let caller: NameUse
    let kwargs: NameUse
    let varargs: NameUse
    let scope: ScopeID
    let function: FunctionID
    let body: [Statement]
  }

  let definition: Definition
  let closure: Frame
  let typeName = "Macro"

  init(_ definition: Definition, in closure: Frame) {
    self.definition = definition
    self.closure = closure
  }

  var description: String { "<Macro \(definition.name?.represented ?? "anonymous")>" }

  /// Binds the arguments as Jinja does and returns what the body writes.
  func call(_ arguments: Arguments, in interpreter: Interpreter) throws -> Value {
    try interpreter.enterCall {
      let frame = Frame(slots: interpreter.template.slotCounts[definition.function], parent: closure)
      try bind(arguments, to: frame, in: interpreter)
      let text = try interpreter.inFrame(frame) {
        try interpreter.enter(definition.scope)
        try fillDefaults(frame, in: interpreter)
        return try interpreter.capture { _ = try interpreter.run(definition.body) }
      }
      return .string(text)
    }
  }

  private var displayName: String { definition.name?.represented ?? "None" }

  private func bind(_ arguments: Arguments, to frame: Frame, in interpreter: Interpreter) throws {
    let parameters = definition.parameters
    var arguments = arguments
    for (index, parameter) in parameters.enumerated() {
      let value =
        index < arguments.positional.count ? arguments.positional[index] : arguments.take(parameter.name)
      if let slot = interpreter.template.slot(parameter) { frame.slots[slot.index] = value }
    }
    if let slot = interpreter.template.slot(definition.caller) {
      let missing = Value.undefined("No caller defined")
      frame.slots[slot.index] = arguments.take("caller").flatMap { $0.isNone ? nil : $0 } ?? missing
    }
    if let slot = interpreter.template.slot(definition.kwargs) {
      frame.slots[slot.index] = .dict(try Mapping(arguments.named.map { (.string($0.name), $0.value) }))
    } else if let extra = arguments.named.first {
      throw ChatTemplateError(
        extra.name == "caller"
          ? "macro \(displayName) was invoked with two values for the special caller argument. This is most likely "
            + "a bug."
          : "macro \(displayName) takes no keyword argument \(extra.name.represented)")
    }
    let extra = Array(arguments.positional.dropFirst(parameters.count))
    if let slot = interpreter.template.slot(definition.varargs) {
      frame.slots[slot.index] = try .tuple(extra)
    } else if !extra.isEmpty {
      throw ChatTemplateError("macro \(displayName) takes not more than \(parameters.count) argument(s)")
    }
  }

  /// Defaults are evaluated at each call, in order, and see the parameters before them.
  private func fillDefaults(_ frame: Frame, in interpreter: Interpreter) throws {
    let required = definition.parameters.count - definition.defaults.count
    for (index, parameter) in definition.parameters.enumerated() {
      guard let slot = interpreter.template.slot(parameter), frame.slots[slot.index] == nil else { continue }
      frame.slots[slot.index] =
        index < required
        ? .undefined("parameter \(parameter.name.represented) was not provided")
        : try interpreter.evaluate(definition.defaults[index - required])
    }
  }
}
