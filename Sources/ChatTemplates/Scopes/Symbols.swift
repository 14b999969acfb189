/// What one scope knows about names, by Jinja's rules: which variable each name means, and what each variable holds
/// when the scope is entered.

/// A variable: the function whose frames hold it, counted by how many functions enclose that one, and its place there.
struct Variable: Hashable {
  let depth: Int
  let index: Int
}

/// What a variable holds when its scope is entered.
enum Load {
  /// Whatever the caller or the loop puts there.
  case parameter
  /// The value of that name among what the template was rendered with.
  case resolve(Text)
  /// The value of a variable further out.
  case alias(Variable)
  /// Nothing yet.
  case undefined
}

/// The variables of one function: a macro, a recursive loop, a loop's filter, or the whole template.
final class FunctionLayout {
  let id: FunctionID
  let depth: Int
  private var indices: [String: Int] = [:]

  init(id: FunctionID, depth: Int) {
    self.id = id
    self.depth = depth
  }

  var count: Int { indices.count }

  /// Scopes side by side share the places of equal names: each sets its own before use.
  func variable(_ name: Text, level: Int) -> Variable {
    let key = "\(level) \(name.string)"
    let index = indices[key] ?? indices.count
    indices[key] = index
    return Variable(depth: depth, index: index)
  }
}

final class Symbols {
  let function: FunctionLayout
  private let parent: Symbols?
  private let level: Int
  private var references: [Text: Variable] = [:]
  private(set) var loads: [Variable: Load] = [:]
  private var stores: Set<Text> = []

  init(function: FunctionLayout, parent: Symbols?) {
    self.function = function
    self.parent = parent
    level = parent.map { $0.level + 1 } ?? 0
  }

  private init(copying other: Symbols) {
    function = other.function
    parent = other.parent
    level = other.level
    references = other.references
    loads = other.loads
    stores = other.stores
  }

  func reference(_ name: Text) -> Variable? { references[name] ?? parent?.reference(name) }

  /// A mention of a name that is read.
  func load(_ name: Text) {
    if reference(name) == nil { define(name, .resolve(name)) }
  }

  /// A mention of a name that is assigned: from here on it is this scope's own, though it starts as the outer one.
  func store(_ name: Text) {
    stores.insert(name)
    guard references[name] == nil else { return }
    define(name, parent?.reference(name).map(Load.alias) ?? .undefined)
  }

  func declareParameter(_ name: Text) {
    stores.insert(name)
    define(name, .parameter)
  }

  /// Learns from the branches of an `if`, which share its scope but may not all run: what only some of them assign
  /// starts as what it would mean without them.
  func merge(_ branches: [(Symbols) -> Void]) {
    let copies = branches.map { visit in
      let copy = Symbols(copying: self)
      visit(copy)
      return copy
    }
    let stored = copies.reduce(into: Set<Text>()) { $0.formUnion($1.stores) }.subtracting(stores)
    for copy in copies {
      references.merge(copy.references) { $1 }
      loads.merge(copy.loads) { $1 }
      stores.formUnion(copy.stores)
    }
    for name in stored {
      guard let variable = references[name] else { continue }
      loads[variable] = parent?.reference(name).map(Load.alias) ?? .resolve(name)
    }
  }

  private func define(_ name: Text, _ load: Load) {
    let variable = function.variable(name, level: level)
    references[name] = variable
    loads[variable] = load
  }
}
