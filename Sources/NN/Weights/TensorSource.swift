import Torch

/// Where a model's weights come from.
public protocol TensorSource {
  var names: [String] { get }
  /// The shape under `name`, without reading the tensor; nil when there is none.
  func shape(of name: String) -> [Int]?
  func tensor(named name: String) throws -> Tensor
  /// The tensors of the file that `name` stands for, if it is to be written as they were; empty for one of that name.
  func parts(of name: String) -> [StoredPart]
}

extension TensorSource {
  public func parts(of name: String) -> [StoredPart] { [] }
}

/// A tensor of a file that is a parameter of the model under another name, or a part of one.
public struct StoredPart: Hashable, Sendable {
  /// In the file.
  public let name: String
  /// The matrix of which expert; nil for the whole parameter.
  public var expert: Int?
  /// Which rows of that matrix; nil for all.
  public var rows: Range<Int>?

  public init(name: String, expert: Int? = nil, rows: Range<Int>? = nil) {
    (self.name, self.expert, self.rows) = (name, expert, rows)
  }

  /// This part of the parameter.
  public func slice(of parameter: Tensor) throws -> Tensor {
    guard let expert else { return parameter }
    let matrix = try parameter.select(0, expert)
    return try rows.map { try matrix.slice(0, $0) } ?? matrix
  }
}

/// Weights that are in memory already.
public struct TensorDictionary: TensorSource {
  private let tensors: [String: Tensor]

  public init(_ tensors: [String: Tensor]) { self.tensors = tensors }

  public var names: [String] { tensors.keys.sorted() }
  public func shape(of name: String) -> [Int]? { tensors[name]?.shape }
  public func tensor(named name: String) throws -> Tensor {
    guard let tensor = tensors[name] else { throw TorchError(.invalid, "there is no tensor named \(name)") }
    return tensor
  }
}
