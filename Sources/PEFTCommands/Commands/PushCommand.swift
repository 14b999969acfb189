import ArgumentParser
import Hub
import JSON

/// A model or an adapter to the hub.
struct PushCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push",
    abstract: "Upload a model or an adapter to the hub.",
    discussion: """
      The folder becomes one commit; a repository that does not exist is made. Checkpoints and the optimizer's state
      stay here unless --all is given. A folder without README.md gets a model card in the upload. It needs a token that
      may write: --token, HF_TOKEN, or the file that 'hf auth login' leaves.

      Example:
        peft push tuned me/tuned --private
      """)

  @Argument(help: "The folder of a model or an adapter.") var folder: String
  @Argument(help: "The id, ORG/NAME.") var id: String
  @Flag(name: .customLong("private"), help: "If the repository is made now, show it to nobody else.")
  var isPrivate = false
  @Option(help: "The branch to write to (default: main).") var revision: String?
  @Option(help: "What the commit is called.") var message: String?
  @Flag(help: "Propose the change as a pull request.") var createPr = false
  @Flag(help: "Upload checkpoints and the optimizer's state too.") var all = false
  @OptionGroup var access: HubAccess
  @OptionGroup(title: "Output") var speech: OutputOptions

  func run() throws {
    let id = try RepositoryID(id, revision: revision)
    var options = PushOptions()
    (options.isPrivate, options.createsPullRequest, options.includesState) = (isPrivate, createPr, all)
    if let message { options.message = message }
    let pushed = try HubDisplay(isQuiet: speech.quiet).run("pushing") { progress in
      try Hub(access.settings, progress: progress).push(folder, to: id, options)
    }
    if speech.json {
      return Console.print([
        "id": .string(id.path), "url": .string(pushed.address),
        "commit": pushed.commit.map(JSONValue.string) ?? .null,
        "files": .array(pushed.files.map(JSONValue.string)), "uploaded_bytes": .int(pushed.uploadedBytes),
      ])
    }
    if pushed.commit == nil { speech.note("everything is there already") }
    Console.print(pushed.address)
  }
}
