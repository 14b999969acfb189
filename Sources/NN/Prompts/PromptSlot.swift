import Torch

/// The place of soft prompts in a model, as a layer's slot is that of adapters. Models that read none have none.
public final class PromptSlot {
  public struct Entry {
    public internal(set) var name: String
    public let prompt: any SoftPrompt
    public internal(set) var isActive: Bool
  }

  public let shape: PromptShape
  /// The table of tokens, for prompts that begin as some.
  public let embedding: Embedding
  public let mode: Mode
  public private(set) var entries: [Entry] = []

  init(_ shape: PromptShape, embedding: Embedding, mode: Mode) {
    (self.shape, self.embedding, self.mode) = (shape, embedding, mode)
  }

  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  /// Adds a prompt, inactive.
  public func insert(_ prompt: any SoftPrompt, named name: String) {
    remove(name)
    entries.append(Entry(name: name, prompt: prompt, isActive: false))
  }

  /// Gives a prompt another name, which must be free.
  public func rename(_ old: String, to new: String) {
    for index in entries.indices where entries[index].name == old { entries[index].name = new }
  }

  public func remove(_ name: String) { entries.removeAll { $0.name == name } }

  /// Makes exactly the prompts of these names active.
  ///
  /// - Throws: ``AdapterError`` for more than one, since there is no order in which both were trained; nothing has
  ///   changed then.
  public func activate(_ names: [String]) throws {
    let chosen = entries.filter { names.contains($0.name) }.map(\.name)
    guard chosen.count < 2 else {
      throw AdapterError(
        "\(chosen.joined(separator: " and ")) are soft prompts, of which one can be active at a time: choose one"
      )
    }
    for index in entries.indices { entries[index].isActive = chosen.contains(entries[index].name) }
  }

  public func setTrainable(_ value: Bool, _ name: String) throws {
    for parameter in self[name]?.prompt.parameters ?? [] where parameter.isLearned {
      try parameter.tensor.requireGrad(value)
    }
  }

  /// The prompt that stands before texts now; none while rows have adapters of their own.
  public var working: (any SoftPrompt)? {
    mode.usesAdapters && mode.rowAdapters == nil ? entries.first(where: \.isActive)?.prompt : nil
  }
}
