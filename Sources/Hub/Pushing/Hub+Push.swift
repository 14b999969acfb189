import Files
import Foundation
import JSON

/// How a folder is pushed.
public struct PushOptions: Sendable {
  /// Whether the repository, if it is made now, is for its owner only.
  public var isPrivate = false
  public var message = "Upload with swift-peft"
  /// Whether the change is proposed as a pull request.
  public var createsPullRequest = false
  /// Whether checkpoints and the optimizer's state go along.
  public var includesState = false

  public init() {}
}

/// What was pushed.
public struct PushedCommit: Sendable {
  /// Where people see it: the pull request, or the commit.
  public let address: String
  /// Nil when everything was there already.
  public let commit: String?
  public let files: [String]
  public let uploadedBytes: Int
}

extension Hub {
  /// Uploads a folder as one commit. A repository that does not exist is made, and so is a branch; files that are the
  /// same there are not sent. A folder without README.md gets one on the way.
  ///
  /// - Throws: ``HubError`` when there is no token or the hub refuses, and `FileError` for a folder that cannot be read.
  public func push(_ folder: String, to id: RepositoryID, _ options: PushOptions = PushOptions()) throws
    -> PushedCommit
  {
    guard settings.token != nil else {
      throw HubError(
        .usage,
        "pushing needs a token: put one of \(settings.endpoint)/settings/tokens into HF_TOKEN or --token")
    }
    guard id.organization != nil else {
      throw HubError(.usage, "'\(id.path)' has no owner: write USER/\(id.path)")
    }
    var files = try chosenFiles(folder, id, options)
    let client = try HubClient(settings)
    try Repository(id: id, client: client).ensure(
      isPrivate: options.isPrivate, branch: !options.createsPullRequest)

    var commit = Commit(id: id, client: client, options: options)
    files = try commit.sort(files)
    let moved = ByteCount(total: files.reduce(0) { $0 + $1.size }, progress)
    try LargeFiles(id: id, client: client, moved: moved).upload(commit.large)
    let made = commit.isEmpty ? nil : try commit.send()
    for file in commit.small { moved.report(file.name.text, at: file.size, transferred: file.size) }
    return PushedCommit(
      address: made?.address ?? "\(settings.endpoint)/\(id.path)", commit: made?.commit, files: commit.names,
      uploadedBytes: moved.transferred)
  }

  private func chosenFiles(_ folder: String, _ id: RepositoryID, _ options: PushOptions) throws
    -> [UploadFile]
  {
    guard Folder.exists(folder) else {
      throw FileError(code: .notFound, message: "no such folder", path: folder, remedy: "check the path")
    }
    let upload = try UploadFolder(folder, includesState: options.includesState)
    for (name, count) in upload.leftOut {
      progress.note(
        "left out \(name)\(count == 1 ? "" : " (\(count) files)"): only a training needs it (--all)")
    }
    guard !upload.files.isEmpty else {
      throw FileError(
        code: .notFound, message: "nothing to push", path: folder, remedy: "name a folder with files")
    }
    guard !upload.files.contains(where: { $0.name.text.uppercased() == "README.MD" }),
      let readme = PlainPath("README.md")
    else { return upload.files }
    progress.note("there is no README.md: one is written into the upload")
    return upload.files + [UploadFile(readme, Array(ModelCard(folder, id: id).text.utf8))]
  }
}
