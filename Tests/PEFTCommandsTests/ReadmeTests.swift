import FineTuning
import Files
import Foundation
import Models
import PEFT
import Testing

/// The README's library snippet compiles, runs, and is what the README shows.
@Suite struct ReadmeTests {
  /// The snippet, line by line, but for the folders.
  private func snippet(_ model: String, _ output: String) throws -> [Int] {
    let tuned = try AdaptedPretrainedModel(folder: model)
    var lora = LoRA()
    lora.rank = 16
    lora.targeting.modules = .allLinear
    try tuned.adapters.add(lora)
    let logits = try tuned.model.logits(ModelInput([1, 15, 27]))
    try tuned.adapters.save(to: output)
    return logits.shape
  }

  @Test func snippetRuns() throws {
    let scratch = try Scratch()
    #expect(try snippet(Golden.path("models/llama"), scratch.path("adapter")) == [1, 3, 64])
    #expect(Folder.hasFile(scratch.path("adapter/adapter_model.safetensors")))
  }

  @Test func readmeShowsTheSnippet() throws {
    let readme = try lines(of: Golden.root + "/../../README.md")
    let source = try lines(of: #filePath)
    guard let begin = readme.firstIndex(of: "```swift"),
      let end = readme[begin...].firstIndex(of: "```"),
      let first = source.firstIndex(where: { $0.contains("let tuned = try") }),
      let last = source.firstIndex(where: { $0.contains("return logits.shape") })
    else {
      Issue.record("the README has no Swift snippet")
      return
    }
    let shown = readme[(begin + 1)..<end].filter { !$0.hasPrefix("import ") && !$0.isEmpty }
      .map { $0.replacing("\"models/llama\"", with: "model").replacing("\"my-adapter\"", with: "output") }
    #expect(shown == source[first..<last].map { String($0.drop { $0 == " " }) })
  }

  private func lines(of path: String) throws -> [String] {
    String(decoding: try WholeFile.read(path), as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    ).map(String.init)
  }
}
