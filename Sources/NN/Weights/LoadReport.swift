import Configuration
import Torch

/// How a checkpoint fits a model: everything that does not, at once.
public struct LoadReport: Sendable {
  public struct Mismatch: Sendable, Hashable {
    public let name: String
    public let found, expected: [Int]
  }

  public private(set) var missing: [String] = []
  public private(set) var mismatched: [Mismatch] = []
  /// Tensors that should hold real numbers, with the type that they have.
  public private(set) var wrongTypes: [String] = []
  private var unused: Set<String>

  init(available: [String]) { unused = Set(available) }

  /// Tensors of the checkpoint that the model did not ask for.
  public var unexpected: [String] { unused.sorted() }

  public var isClean: Bool { missing.isEmpty && mismatched.isEmpty && wrongTypes.isEmpty && unused.isEmpty }

  mutating func used(_ name: String) { unused.remove(name) }
  mutating func addMissing(_ name: String) { missing.append(name) }
  mutating func addMismatch(_ name: String, found: [Int], expected: [Int]) {
    mismatched.append(Mismatch(name: name, found: found, expected: expected))
  }
  mutating func addWrongType(_ name: String, _ dtype: DType) { wrongTypes.append("\(name) is \(dtype)") }

  /// Takes names out of the unexpected ones: buffers that old checkpoints carry, or the head of another task.
  public mutating func forgive(where isHarmless: (String) -> Bool) {
    unused = unused.filter { !isHarmless($0) }
  }

  /// - Parameter unexpectedIsFine: whether tensors that the model does not ask for are no error by themselves.
  /// - Throws: ``CheckpointError`` naming all that does not fit.
  public func requireClean(unexpectedIsFine: Bool = false) throws {
    guard
      !missing.isEmpty || !mismatched.isEmpty || !wrongTypes.isEmpty || !(unexpectedIsFine || unused.isEmpty)
    else { return }
    throw CheckpointError(
      missing: missing, mismatched: mismatched, wrongTypes: wrongTypes, unexpected: unexpected)
  }
}

/// A checkpoint that does not fit the model.
public struct CheckpointError: Error, Sendable, CustomStringConvertible {
  public let missing: [String]
  public let mismatched: [LoadReport.Mismatch]
  public let wrongTypes: [String]
  public let unexpected: [String]

  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty {
      let named = missing.prefix(8).map { name in
        NearestName.find(name, among: unexpected).map { "\(name) (the file has \($0))" } ?? name
      }
      parts.append(Self.list("missing", named, missing.count))
    }
    if !mismatched.isEmpty {
      let named = mismatched.prefix(8).map { "\($0.name) is \($0.found), the model needs \($0.expected)" }
      parts.append(Self.list("of another shape", named, mismatched.count))
    }
    if !wrongTypes.isEmpty {
      parts.append(Self.list("without real numbers", Array(wrongTypes.prefix(8)), wrongTypes.count))
    }
    if !unexpected.isEmpty {
      parts.append(Self.list("unexpected", Array(unexpected.prefix(8)), unexpected.count))
    }
    return parts.joined(separator: "; ")
  }

  private static func list(_ what: String, _ shown: [String], _ count: Int) -> String {
    let rest = count > shown.count ? ", and \(count - shown.count) more" : ""
    return "\(count) \(count == 1 ? "tensor" : "tensors") \(what): " + shown.joined(separator: ", ") + rest
  }
}
