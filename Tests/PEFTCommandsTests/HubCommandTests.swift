import Files
import Foundation
import Testing

/// Ids of the hub on the command line, with nobody to ask: what the cache has works, everything else says what to do.
@Suite(.serialized) struct HubCommandTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let arguments: [String]
    let environment: [String: String]
    let code: Int32
    let words: String
    var testDescription: String { arguments.joined(separator: " ") }

    init(_ line: String, _ environment: [String: String], _ code: Int32, _ words: String) {
      arguments = line.split(separator: " ").map(String.init)
      (self.environment, self.code, self.words) = (environment, code, words)
    }
  }

  private static let offline = ["HF_HUB_OFFLINE": "1"]
  /// A port on which nobody listens.
  private static let nobody = ["HF_ENDPOINT": "http://127.0.0.1:1"]

  static let cases: [Case] = [
    Case("pull a/b/c", offline, 64, "no id of the hub"),
    Case("pull org/name@../x", offline, 64, "no revision"),
    Case("pull org/name", offline, 69, "HF_HUB_OFFLINE"),
    Case("pull org/name --token hf_secret", nobody, 69, "cannot reach 127.0.0.1"),
    Case("pull org/name", ["HF_ENDPOINT": "nonsense"], 64, "HF_ENDPOINT"),
    Case("pull", offline, 64, "--help"),
    Case("push . org/name", offline, 64, "needs a token"),
    Case("push . name --token hf_secret", nobody, 64, "no owner"),
    Case("push /nowhere/at-all org/name --token hf_secret", nobody, 65, "no such folder"),
    Case("inspect org/other", offline, 69, "no folder called org/other"),
    Case("inspect org/other", nobody, 69, "cannot reach"),
    Case("tokenize --model other", nobody, 65, "peft pull other"),
    Case("generate --model ./org/other --prompt x", nobody, 65, "no folder called ./org/other"),
  ]

  @Test(arguments: cases) func mistakes(_ mistake: Case) throws {
    let scratch = try Scratch()
    let empty = ["HF_HOME": scratch.folder, "HF_HUB_CACHE": "", "HF_TOKEN": ""]
    let run = try Executable(mistake.arguments, environment: empty.merging(mistake.environment) { $1 })
    #expect(run.code == mistake.code, "\(run.errors)")
    #expect(run.errors.contains(mistake.words), "\(run.errors)")
    #expect(run.output.isEmpty && !run.errors.contains("hf_secret"))
    #expect(run.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }.count == 1)
  }

  @Test func cachedModelsNeedNobody() throws {
    let scratch = try Scratch()
    let model = scratch.path("hub/models--org--tiny")
    try Folder.create(model + "/refs")
    try AtomicFile.write(model + "/refs/main", "0123456789abcdef0123456789abcdef01234567")
    try Folder.create(model + "/snapshots")
    try FileManager.default.copyItem(
      atPath: Golden.path("models/llama"),
      toPath: model + "/snapshots/0123456789abcdef0123456789abcdef01234567")
    let environment = Self.nobody.merging(["HF_HOME": scratch.folder, "HF_HUB_CACHE": ""]) { $1 }
    let run = try Executable(["inspect", "org/tiny", "--json"], environment: environment)
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.errors.isEmpty)
  }
}
