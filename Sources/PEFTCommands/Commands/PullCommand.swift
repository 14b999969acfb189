import ArgumentParser
import Hub
import JSON

/// A model or an adapter from the hub.
struct PullCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull",
    abstract: "Download a model or an adapter from the hub.",
    discussion: """
      Files go into the cache that Hugging Face's libraries share, or into --local-dir; the folder is printed. What is
      there is not fetched again, what was cut goes on, and every file is checked. Without --include: configurations,
      the tokenizer and safetensors (pickled weights where there are no others). --model and --adapter pull ORG/NAME by
      themselves. HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_TOKEN and HF_HUB_OFFLINE work as elsewhere.

      Example:
        peft pull HuggingFaceTB/SmolLM2-135M
        peft pull org/name --revision v1.0 --include "*.json" --local-dir name
      """)

  @Argument(help: "The id, ORG/NAME.") var id: String
  @Option(help: "A branch, a tag or a commit (default: main).") var revision: String?
  @Option(help: "Only files that match, such as '*.json'; may be given several times.") var include:
    [String] = []
  @Option(help: "No files that match; may be given several times.") var exclude: [String] = []
  @Option(help: "A folder to write into, instead of the cache.") var localDir: String?
  @OptionGroup var access: HubAccess
  @OptionGroup(title: "Output") var speech: OutputOptions

  func run() throws {
    let id = try RepositoryID(id, revision: revision)
    let pulled = try HubDisplay(isQuiet: speech.quiet).run("pulling") { progress in
      try Hub(access.settings, progress: progress).pull(
        id, FileSelection(including: include, excluding: exclude), to: localDir)
    }
    guard speech.json else { return Console.print(pulled.folder) }
    Console.print([
      "id": .string(id.path), "commit": .string(pulled.commit), "folder": .string(pulled.folder),
      "files": .array(pulled.files.map(JSONValue.string)), "downloaded_bytes": .int(pulled.downloadedBytes),
    ])
  }
}

/// Who asks the hub.
struct HubAccess: ParsableArguments {
  @Option(help: "The token to log in with (default: HF_TOKEN, or the file that 'hf auth login' leaves).")
  var token: String?

  var settings: HubSettings { HubSettings(token: token) }
}
