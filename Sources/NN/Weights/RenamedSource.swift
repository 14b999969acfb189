import Torch

/// A checkpoint under other names: old spellings, or a missing prefix.
public struct RenamedSource: TensorSource {
  private let source: any TensorSource
  private let originals: [String: String]
  private let keepsNames: Bool

  /// - Parameters:
  ///   - keepsNames: whether the model is written under the old names again.
  ///   - rename: the name by which the model knows a tensor of `source`.
  public init(_ source: any TensorSource, keepsNames: Bool = false, _ rename: (String) -> String) {
    (self.source, self.keepsNames) = (source, keepsNames)
    originals = Dictionary(source.names.map { (rename($0), $0) }, uniquingKeysWith: { first, _ in first })
  }

  public var names: [String] { originals.keys.sorted() }
  public func shape(of name: String) -> [Int]? { originals[name].flatMap(source.shape(of:)) }
  public func tensor(named name: String) throws -> Tensor {
    try source.tensor(named: originals[name] ?? name)
  }

  public func parts(of name: String) -> [StoredPart] {
    guard keepsNames, let original = originals[name], original != name else { return [] }
    return [StoredPart(name: original)]
  }
}
