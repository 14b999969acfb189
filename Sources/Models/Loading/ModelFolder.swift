import Files
import Foundation

/// Where a model's files are: a folder, or a snapshot in the local cache of the Hugging Face hub.
public struct ModelFolder: Sendable {
  public let path: String

  /// - Parameter name: a folder, or an id such as `org/name` or `org/name@revision` that lies in the cache.
  /// - Throws: ``ModelError`` when it is neither.
  public init(_ name: String) throws {
    if Folder.exists(name) {
      path = name
    } else if let snapshot = try HubCache().snapshot(of: name) {
      path = snapshot
    } else if Folder.hasFile(name) {
      throw ModelError("\(name) is a file: name the folder that it lies in")
    } else {
      throw ModelError(
        "no folder called \(name), and no model of that name in \(HubCache().path): check the path, "
          + "or download the model first")
    }
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

/// The local cache of the Hugging Face hub, in the layout of `huggingface_hub`.
struct HubCache {
  let path: String

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    func value(_ key: String) -> String? { environment[key].flatMap { $0.isEmpty ? nil : $0 } }
    let caches = value("XDG_CACHE_HOME") ?? Folder.join(value("HOME") ?? "/", ".cache")
    let home = value("HF_HOME") ?? Folder.join(caches, "huggingface")
    path = value("HF_HUB_CACHE") ?? Folder.join(home, "hub")
  }

  /// The folder of a model's snapshot: that of the revision (`main` unless `@` names another); nil when there is none.
  func snapshot(of id: String) throws -> String? {
    let parts = id.split(separator: "@", maxSplits: 1).map(String.init)
    let names = (parts.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(names.count), names.allSatisfy({ !$0.isEmpty && $0.first != "." }) else {
      return nil
    }
    let model = Folder.join(path, "models--" + names.joined(separator: "--"))
    let revision = parts.count > 1 ? parts[1] : "main"
    guard Folder.exists(model), !revision.contains("..") else { return nil }
    let reference = Folder.join(Folder.join(model, "refs"), revision)
    let commit =
      Folder.hasFile(reference) ? String(decoding: try WholeFile.read(reference), as: UTF8.self) : revision
    let name = commit.filter { !$0.isWhitespace }
    let snapshot = Folder.join(Folder.join(model, "snapshots"), name)
    return !name.isEmpty && !name.contains("/") && Folder.exists(snapshot) ? snapshot : nil
  }
}
