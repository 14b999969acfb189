/// Runs one rendering of a template.
final class Interpreter {
  let template: CompiledTemplate
  let budget: Budget
  private let fixedNow: LocalTime?
  /// What the template is rendered with: messages, tools, special tokens, and the global functions.
  private let context: [Text: Value]
  /// The variables of the function that is running.
  private(set) var frame: Frame
  /// What has been written: the text itself, and above it whatever is being captured.
  private var outputs = [""]
  /// How far `outputs[0]` has been counted in scalars.
  private var counted = (bytes: 0, scalars: 0)
  var generationRanges: [Range<Int>] = []
  /// The line of the statement that is running.
  var line = 1
  /// Whether prints escape HTML; only inside `autoescape`.
  var autoescape = false
  let recursion = Recursion(limit: 6000, movesAt: 64, message: "maximum recursion depth exceeded")
  private var calls = 0
  /// Objects that may hold each other; emptied at the end so that they do not outlive the rendering.
  private var namespaces: [Namespace] = []
  private var capturedFrames: [ObjectIdentifier: Frame] = [:]

  init(_ template: CompiledTemplate, context: [Text: Value], budget: Budget, now: LocalTime?) {
    self.template = template
    self.context = context
    self.budget = budget
    fixedNow = now
    frame = Frame(slots: template.slotCounts[0], parent: nil)
  }

  /// The moment `strftime_now` speaks of.
  var now: LocalTime { fixedNow ?? .now() }

  func render() throws -> RenderedChat {
    defer { release() }
    do {
      try enter(template.rootEntries)
      _ = try run(template.body)
    } catch var error as ChatTemplateError {
      error.line = error.line ?? line
      throw error
    }
    return RenderedChat(text: outputs[0], generationRanges: generationRanges)
  }

  private func release() {
    for namespace in namespaces { namespace.clear() }
    for captured in capturedFrames.values { captured.slots.removeAll() }
    frame.slots.removeAll()
  }

  // MARK: Variables

  subscript(use: NameUse) -> Value? {
    get { template.slot(use).flatMap { self[$0] } }
    set {
      guard let slot = template.slot(use) else { return }
      owner(of: slot).slots[slot.index] = newValue
    }
  }

  private subscript(slot: Slot) -> Value? { owner(of: slot).slots[slot.index] }

  private func owner(of slot: Slot) -> Frame {
    var owner = frame
    for _ in 0..<slot.hops { owner = owner.parent ?? owner }
    return owner
  }

  /// Prepares the variables of a scope in the current frame.
  func enter(_ scope: ScopeID) throws { try enter(template.scopes[scope]) }

  private func enter(_ entries: [Entry]) throws {
    try budget.spend(entries.count)
    for entry in entries {
      frame.slots[entry.index] =
        switch entry.source {
        case .resolve(let name): context[name]
        case .copy(let slot): self[slot]
        case .nothing: nil
        }
    }
  }

  func inFrame<Result>(_ inner: Frame, _ body: () throws -> Result) rethrows -> Result {
    let outer = frame
    frame = inner
    defer { frame = outer }
    return try body()
  }

  func enterCall<Result>(_ body: () throws -> Result) throws -> Result {
    guard calls < Limits.calls else { throw ChatTemplateError("maximum recursion depth exceeded") }
    calls += 1
    defer { calls -= 1 }
    return try recursion.descend(body)
  }

  func makeNamespace() -> Namespace {
    let namespace = Namespace()
    namespaces.append(namespace)
    return namespace
  }

  func makeMacro(_ definition: Macro.Definition) -> Macro {
    keep(frame)
    return Macro(definition, in: frame)
  }

  /// Notes that something outlives the call that made this frame, perhaps in a cycle.
  func keep(_ frame: Frame) { capturedFrames[ObjectIdentifier(frame)] = frame }

  // MARK: Output

  func write(_ text: Text) throws {
    try budget.spend(text.utf8.count / 8)
    outputs[outputs.count - 1] += text.string
  }

  /// What `body` writes, instead of writing it.
  func capture(_ body: () throws -> Void) throws -> Text {
    outputs.append("")
    do {
      try body()
    } catch {
      outputs.removeLast()
      throw error
    }
    return Text(outputs.removeLast(), isMarkup: autoescape)
  }

  /// The number of scalars in the text so far, without what is being captured.
  func scalarsWritten() -> Int {
    let text = outputs[0].utf8
    let new = text.suffix(text.count - counted.bytes)
    counted.scalars += new.reduce(into: 0) { $0 += $1 & 0xC0 == 0x80 ? 0 : 1 }
    counted.bytes = text.count
    return counted.scalars
  }
}

/// How a statement hands on to the next.
enum Flow {
  case onward, leaveLoop, nextRound
}
