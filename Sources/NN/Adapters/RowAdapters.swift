import Torch

/// Which adapter works on each row of a batch: requests for different adapters in one forward pass.
///
/// The base product is taken once for the whole batch; the rows of each adapter then go through it together.
public struct RowAdapters: Hashable, Sendable {
  /// The name that stands for the bare model in data, as in Hugging Face PEFT.
  public static let base = "__base__"

  /// By row; nil for the base alone.
  public let names: [String?]
  /// The rows of each adapter, ascending.
  let groups: [(name: String, rows: [Int])]
  /// What layers have put side by side for these adapters.
  let stacks: RowStacks

  /// - Parameter names: nil or ``base`` for the bare model.
  public init(_ names: [String?]) { self.init(names, RowStacks()) }

  private init(_ names: [String?], _ stacks: RowStacks) {
    self.stacks = stacks
    let names = names.map { $0 == Self.base ? nil : $0 }
    self.names = names
    var groups: [(name: String, rows: [Int])] = []
    for (row, name) in names.enumerated() {
      guard let name else { continue }
      if let index = groups.firstIndex(where: { $0.name == name }) {
        groups[index].rows.append(row)
      } else {
        groups.append((name, [row]))
      }
    }
    self.groups = groups
  }

  /// The same for other rows, each of which was one of these.
  public func selecting(_ rows: [Int]) -> RowAdapters { RowAdapters(rows.map { names[$0] }, stacks) }

  public static func == (left: RowAdapters, right: RowAdapters) -> Bool { left.names == right.names }
  public func hash(into hasher: inout Hasher) { hasher.combine(names) }
}

extension AdapterSlot {
  /// The layer's output where every row has its own adapter.
  ///
  /// - Throws: ``AdapterError`` in training, with merged adapters, and for inputs whose first dimension is not the rows.
  func output(_ x: Tensor, of layer: any AdaptableLayer, by rows: RowAdapters) throws -> Tensor {
    let groups = rows.groups.compactMap { group in self[group.name].map { (entry: $0, rows: group.rows) } }
    guard !groups.isEmpty else { return try layer.baseOutput(x) }
    guard !layer.mode.isTraining else {
      throw AdapterError("adapters by row, in training: train one adapter at a time")
    }
    guard let batch = x.shape.first, batch == rows.names.count else {
      throw AdapterError(
        "\(layer.name) is given \(x), and \(rows.names.count) rows have adapters: give a batch of that many rows"
      )
    }
    if groups.count == 1, groups[0].rows.count == batch {
      return try groups[0].entry.adapter.forward(x, through: AdapterBase(layer: layer, below: []))
    }
    if let stacked = try stackedOutput(x, of: layer, groups.map(\.entry), by: rows) { return stacked }
    let whole = try layer.baseOutput(x)
    var output = whole
    for (entry, rows) in groups {
      let index = try Tensor(rows).to(device: x.device)
      let (input, known) = (try x.indexSelect(0, index), try whole.indexSelect(0, index))
      let base = AdapterBase(layer: layer, below: [], known: (input, known), rows: rows)
      output = try output.indexCopy(0, index, entry.adapter.forward(input, through: base))
    }
    return output
  }
}
