import Models
import NN
import PEFT
import Safetensors
import Testing
import Tokenizers
import Torch

@testable import Generation

struct GenerationTests {
  private static let golden: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    return parts.joined(separator: "/") + "/Golden"
  }()

  static let models = [
    "llama", "llama-modern", "llama-tied", "llama-tied-head", "llama-bias", "llama-head-dim", "llama-sharded",
    "mistral", "mistral-full", "qwen2", "qwen2-window", "qwen2-layer-types", "qwen3", "qwen3-bias-window",
  ]

  private func model(_ name: String) throws -> any CausalLanguageModel {
    try #require(
      try PretrainedModel.load(folder: "\(Self.golden)/models/\(name)") as? any CausalLanguageModel)
  }

  /// The greedy text of transformers, which suppressed the end of the text.
  private func reference(_ name: String) throws -> (prompt: [Int], output: [Int]) {
    let tensors = try SafetensorsFile(path: "\(Self.golden)/models/\(name)/expected.safetensors").allTensors()
    return (
      try #require(tensors["greedy.prompt"]).array(), try #require(tensors["greedy.output"]).array()
    )
  }

  private func options(_ count: Int, _ change: (inout SamplingOptions) -> Void = { _ in }) -> SamplingOptions
  {
    var options = SamplingOptions()
    (options.maxNewTokens, options.minNewTokens) = (count, count)
    change(&options)
    return options
  }

  @Test(arguments: models)
  func greedyTextIsThatOfTransformers(name: String) throws {
    let (prompt, output) = try reference(name)
    let generator = try TextGenerator(model(name))
    #expect(generator.endIDs == [2])
    let completion = try generator.generate([prompt], options(20))[0]
    #expect(completion.ids == output)
    #expect(completion.finishReason == .length)
  }

  /// Behind a soft prompt, PEFT's greedy text, alone and padded beside a longer one.
  @Test(
    arguments: [
      ("mistral", "mistral-prompt"), ("mistral", "mistral-prefix"), ("qwen2", "qwen2-prompt"),
      ("qwen3", "qwen3-prefix"),
    ])
  func greedyTextBehindAPromptIsPEFTs(name: String, prompt: String) throws {
    let folder = "\(Self.golden)/prompts/\(prompt)"
    let tensors = try SafetensorsFile(path: "\(folder)/expected.safetensors").allTensors()
    let (start, output): ([Int], [Int]) = (
      try #require(tensors["greedy.prompt"]).array(), try #require(tensors["greedy.output"]).array()
    )
    let model = try model(name)
    try AdaptedModel(model.store).load(folder: folder)
    let found = try TextGenerator(model).generate([start, start + output], options(output.count))
    #expect(found[0].ids == output)
  }

  @Test(arguments: models)
  func aBatchGivesWhatEachTextGivesAlone(name: String) throws {
    let (prompt, output) = try reference(name)
    let prompts = [prompt, Array(prompt.prefix(2)), prompt + output.prefix(9), [prompt[0]]]
    let generator = try TextGenerator(model(name))
    for change in [{ _ in }, { $0.temperature = 0.9 }] as [(inout SamplingOptions) -> Void] {
      // Texts that end make the batch smaller on the way.
      var options = options(25, change)
      options.minNewTokens = 0
      let together = try generator.generate(prompts, options)
      for (index, prompt) in prompts.enumerated() {
        var alone = options
        alone.seed += index
        #expect(try generator.generate([prompt], alone)[0] == together[index])
      }
    }
  }

  @Test func aSeedGivesTheSameText() throws {
    let generator = try TextGenerator(model("llama"))
    func text(_ seed: Int) throws -> [Int] {
      try generator.generate([[5, 6]], options(12) { ($0.temperature, $0.seed) = (1, seed) })[0].ids
    }
    #expect(try text(1) == text(1))
    #expect(try text(1) != text(2))
  }

  @Test func generationEndsWhereItShould() throws {
    let model = try model("llama")
    let generator = try TextGenerator(model)
    let (prompt, output) = try reference("llama")
    #expect(try generator.generate([prompt], options(3))[0].finishReason == .length)
    // 64 places in all.
    let full = try generator.generate([prompt], options(100))[0]
    #expect(full.ids.count == 59)
    #expect(full.finishReason == .context)
    #expect(throws: ModelError.self) { try generator.generate([Array(repeating: 3, count: 64)], options(1)) }
    #expect(throws: ModelError.self) { try generator.generate([[]], options(1)) }
    #expect(throws: ModelError.self) { try generator.generate([[64]], options(1)) }
    #expect(throws: ModelError.self) { try generator.generate([[3]], options(1) { $0.stop = ["x"] }) }
    #expect(try generator.generate([], options(1)).isEmpty)
    #expect(!output.contains(2))
  }

  @Test func textStreamsAndStops() throws {
    let tokenizer = try Tokenizer.load(folder: "\(Self.golden)/tokenizers/pipelines/byte-level")
    let generator = try TextGenerator(model("llama"), tokenizer: tokenizer)
    let prompt = try reference("llama").prompt
    var streamed = ""
    let whole = try generator.generate([prompt], options(30)) { streamed += $0.text }[0]
    #expect(streamed == whole.text)
    let all = try tokenizer.decode(prompt + whole.ids, skipSpecialTokens: true)
    #expect(try all == tokenizer.decode(prompt, skipSpecialTokens: true) + whole.text)
    // A stop text that lies across two tokens.
    let middle = whole.text.index(whole.text.startIndex, offsetBy: whole.text.count / 2)
    let stop = String(whole.text[middle...].prefix(3))
    streamed = ""
    let cut = try generator.generate([prompt], options(30) { $0.stop = [stop, "never"] }) {
      streamed += $0.text
    }[0]
    #expect(cut.finishReason == .stop(stop))
    #expect(cut.text == whole.text[..<(try #require(whole.text.firstRange(of: stop)).lowerBound)])
    #expect(streamed == cut.text)
    #expect(cut.ids.count < whole.ids.count)
  }

  @Test func whatTheListenerThrowsEndsTheText() throws {
    struct Enough: Error {}
    let generator = try TextGenerator(model("llama"))
    var count = 0
    #expect(throws: Enough.self) {
      try generator.generate([[5]], options(20)) { _ in
        count += 1
        if count == 3 { throw Enough() }
      }
    }
    #expect(count == 3)
  }

  /// Texts of one batch with adapters of their own get what they would get alone, also once others have ended.
  @Test func everyPromptMayHaveItsOwnAdapter() throws {
    let model = try model("llama")
    let adapted = try AdaptedModel(model.store)
    for name in ["list", "dora"] {
      try adapted.load(folder: "\(Self.golden)/adapters/\(name)", named: name)
    }
    let generator = try TextGenerator(model)
    let prompts = [[1, 5, 9], [1, 7], [1, 5, 9, 11], [1, 20, 3]]
    let names: [String?] = ["list", nil, "dora", "list"]
    let options = options(12) { $0.minNewTokens = 0 }
    let together = try adapted.withAdapters(byRow: names) { try generator.generate(prompts, options) }
    for (index, name) in names.enumerated() {
      let alone = try adapted.withAdapters(name.map { [$0] } ?? []) {
        try generator.generate([prompts[index]], options)
      }
      #expect(together[index].ids == alone[0].ids, "\(index)")
    }
    #expect(model.store.mode.rowAdapters == nil)
  }
}
