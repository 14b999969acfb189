/// A template ready to run: its tree, and where every variable lives.
struct CompiledTemplate: Sendable {
  let body: [Statement]
  /// What the template's own variables hold at the start.
  let rootEntries: [Entry]
  /// By `NameUse.id`; nil for special names that nothing mentions.
  private let slots: [Slot?]
  /// By `ScopeID`.
  let scopes: [[Entry]]
  /// By `FunctionID`, the number of variables its frames hold.
  let slotCounts: [Int]
  /// Whether any text is marked as the assistant's.
  let hasGeneration: Bool

  init(
    body: [Statement], rootEntries: [Entry], slots: [Slot?], scopes: [[Entry]], slotCounts: [Int],
    hasGeneration: Bool
  ) {
    self.body = body
    self.rootEntries = rootEntries
    self.slots = slots
    self.scopes = scopes
    self.slotCounts = slotCounts
    self.hasGeneration = hasGeneration
  }

  func slot(_ use: NameUse) -> Slot? { slots[use.id] }
}

/// The way to a variable from the frame of the code that mentions it.
struct Slot: Sendable {
  /// How many functions further out.
  let hops: Int
  let index: Int
}

/// What to put in one of the current frame's slots when a scope is entered.
struct Entry: Sendable {
  enum Source: Sendable {
    case resolve(Text)
    case copy(Slot)
    case nothing
  }

  let index: Int
  let source: Source
}

/// The variables of one call of a function, or of the template.
final class Frame {
  var slots: [Value?]
  let parent: Frame?

  init(slots count: Int, parent: Frame?) {
    slots = Array(repeating: nil, count: count)
    self.parent = parent
  }
}
