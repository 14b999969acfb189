import Files
import Hub

/// Where a model's or an adapter's files are: a folder, or a snapshot in the cache of the Hugging Face hub.
public struct ModelFolder: Sendable {
  public let path: String

  /// Gives the folder of an id that is not at hand.
  public typealias Fetch = @Sendable (RepositoryID) throws -> String

  // Not a task-local value: binding one around asynchronous work crashes in optimized builds of Swift 6.3.
  private static let fetching = Locked<Fetch?>(nil)

  /// How this program gets the folder of an id that is not at hand, such as by pulling it; nil, as at the beginning, to
  /// look at this machine only.
  public static var fetch: Fetch? {
    get { fetching.withLock { $0 } }
    set { fetching.withLock { $0 = newValue } }
  }

  /// - Parameter name: a folder, or an id such as `org/name` or `org/name@revision`, which is looked for in the cache and
  ///   then fetched. A name without an organization is never fetched: it is more often a folder's, mistyped.
  /// - Throws: ``ModelError`` when it is neither, and what fetching throws.
  public init(_ name: String) throws { try self.init(name, fetch: Self.fetch) }

  /// A folder, or an id that lies in the cache whole; nothing is fetched.
  public init?(present name: String) {
    guard let found = try? ModelFolder(name, fetch: nil) else { return nil }
    self = found
  }

  private init(_ name: String, fetch: Fetch?) throws {
    if let local = try Self.local(name) {
      path = local
      return
    }
    let id = try? RepositoryID(name)
    if let id, id.organization != nil, let fetch {
      path = try fetch(id)
    } else if let id, let snapshot = try HubCache().snapshot(of: id) {
      path = snapshot
    } else {
      let remedy = id.map { ", or download the model first: peft pull \($0.path)" } ?? ""
      throw ModelError(
        "no folder called \(name), and no model of that name in \(HubCache().path): check the path\(remedy)")
    }
  }

  /// - Throws: ``ModelError`` for a file.
  private static func local(_ name: String) throws -> String? {
    if Folder.hasFile(name) { throw ModelError("\(name) is a file: name the folder that it lies in") }
    return Folder.exists(name) ? name : nil
  }

  /// The names of the files in it, sorted.
  public func files() throws -> [String] {
    try Folder.names(in: path).filter { Folder.hasFile(Folder.join(path, $0)) }
  }

  /// The path of a file in it; nil when it is not there.
  public func file(_ name: String) -> String? {
    let file = Folder.join(path, name)
    return Folder.hasFile(file) ? file : nil
  }
}
