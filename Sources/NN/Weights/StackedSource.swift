import Torch

/// A checkpoint with a tensor for every expert, seen as one with a tensor for all of them.
///
/// Matrices that belong together, such as an expert's gate and up, are rows of one matrix, and the experts' matrices
/// are stacked: [experts, outputs, inputs].
public struct StackedSource: TensorSource {
  /// Where a matrix of one expert goes.
  public struct Place: Hashable, Sendable {
    /// The stacked tensor.
    public let name: String
    public let expert: Int
    /// Which of the matrices above one another it is.
    public let row: Int

    public init(name: String, expert: Int, row: Int) {
      (self.name, self.expert, self.row) = (name, expert, row)
    }
  }

  private let source: any TensorSource
  /// The pieces of each stacked tensor: by expert, then by row.
  private let stacks: [String: [[String]]]
  private let loose: [String]

  /// - Parameter place: nil for a tensor that is no matrix of an expert.
  public init(_ source: any TensorSource, place: (String) -> Place?) {
    self.source = source
    var (found, loose): ([String: [Int: [Int: String]]], [String]) = ([:], [])
    for name in source.names {
      guard let place = place(name) else {
        loose.append(name)
        continue
      }
      found[place.name, default: [:]][place.expert, default: [:]][place.row] = name
    }
    stacks = found.mapValues { experts in
      experts.sorted { $0.key < $1.key }.map { $0.value.sorted { $0.key < $1.key }.map(\.value) }
    }
    self.loose = loose
  }

  public var names: [String] { (loose + stacks.keys).sorted() }

  /// Pieces that are missing or do not fit leave a shape that the model does not expect.
  public func shape(of name: String) -> [Int]? {
    guard let experts = stacks[name] else { return source.shape(of: name) }
    let rows = experts.map { $0.reduce(0) { $0 + (source.shape(of: $1)?.first ?? 0) } }
    let widths = Set(experts.flatMap { $0.map { source.shape(of: $0)?.last ?? 0 } })
    guard Set(rows).count == 1, widths.count == 1, let height = rows.first, let width = widths.first else {
      return [experts.count]
    }
    return [experts.count, height, width]
  }

  public func tensor(named name: String) throws -> Tensor {
    guard let experts = stacks[name] else { return try source.tensor(named: name) }
    return try .stack(experts.map { try .cat($0.map(source.tensor(named:)), dim: 0) })
  }

  public func parts(of name: String) -> [StoredPart] {
    guard let experts = stacks[name] else { return source.parts(of: name) }
    return experts.enumerated().flatMap { expert, pieces in
      var first = 0
      return pieces.map { piece in
        let height = source.shape(of: piece)?.first ?? 0
        defer { first += height }
        return StoredPart(
          name: source.parts(of: piece).first?.name ?? piece, expert: expert, rows: first..<(first + height))
      }
    }
  }
}
