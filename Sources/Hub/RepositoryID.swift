/// The name of a repository of models, `org/name` or a bare `name`, and the revision meant.
///
/// Source of the rules: `huggingface_hub`, `validate_repo_id`.
public struct RepositoryID: Sendable, Hashable, CustomStringConvertible {
  /// The user or organization; nil for the few old names without one.
  public let organization: String?
  public let name: String
  /// A branch, a tag or a commit.
  public var revision: String

  public static let defaultRevision = "main"

  /// - Parameters:
  ///   - text: `org/name`, `name`, or either with `@revision` behind it.
  ///   - revision: nil for the one in `text`, or `main`.
  /// - Throws: ``HubError`` for what cannot be the name of a repository or revision.
  public init(_ text: String, revision: String? = nil) throws {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let names = (parts.first ?? "").split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(names.count), names.allSatisfy(Self.isName),
      !parts[0].contains("--"), !parts[0].contains(".."), !parts[0].hasSuffix(".git")
    else {
      throw HubError(
        .usage, "'\(text)' is no id of the hub: write ORG/NAME, of letters, digits, '-', '_' and '.'")
    }
    (organization, name) = (names.count == 2 ? names[0] : nil, names[names.count - 1])
    self.revision = revision ?? (parts.count == 2 ? parts[1] : Self.defaultRevision)
    guard Self.isRevision(self.revision) else {
      throw HubError(.usage, "'\(self.revision)' is no revision: name a branch, a tag or a commit")
    }
  }

  /// `org/name`.
  public var path: String { organization.map { "\($0)/\(name)" } ?? name }

  public var description: String {
    revision == Self.defaultRevision ? path : "\(path)@\(revision)"
  }

  /// The folder in the cache.
  var folderName: String { (["models"] + [organization, name].compactMap { $0 }).joined(separator: "--") }

  private static func isName(_ text: String) -> Bool {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
      default: false
      }
    }
    return isPlain && (1...96).contains(text.utf8.count)
      && !"-.".contains(text.first ?? ".") && !"-.".contains(text.last ?? ".")
  }

  /// A revision becomes part of paths: no name may step out of its folder.
  private static func isRevision(_ text: String) -> Bool {
    PlainPath(text) != nil && text.utf8.allSatisfy { $0 > 32 && $0 != 127 }
  }

  /// Whether `text` names a commit in full, which never changes what it stands for.
  static func isCommit(_ text: String) -> Bool {
    text.utf8.count == 40 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }
}
