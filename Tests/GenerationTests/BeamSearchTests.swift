import Configuration
import Foundation
import JSON
import Models
import NN
import Safetensors
import Testing
import Torch

@testable import Generation

/// Greedy texts and beams against transformers', of each row alone and of a batch.
struct BeamSearchTests {
  private static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Golden"
  static let names = ["t5", "t5-gated", "mt5", "umt5", "bart", "bart-bare", "mbart", "llama"]

  /// A model that ends texts at the token that its reference did, what that has of it, and the texts that it was given.
  private func load(_ name: String, end: Bool) throws -> (
    model: any Model, expected: [String: Tensor], prompts: [[Int]]
  ) {
    let isDecoder = name == "llama"
    let folder = isDecoder ? "\(Self.golden)/models/llama" : "\(Self.golden)/sequences/\(name)"
    let file =
      isDecoder ? "\(Self.golden)/sequences/decoder-beams.safetensors" : "\(folder)/expected.safetensors"
    let expected = try SafetensorsFile(path: file).allTensors()
    let ending: Int = try #require(expected["end"]).item()
    // The reference's is changed for the trial; a copy in another folder would be as good.
    let copy = FileManager.default.temporaryDirectory.path + "/swift-peft-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.copyItem(atPath: folder, toPath: copy)
    defer { try? FileManager.default.removeItem(atPath: copy) }
    try Data(
      "{\"eos_token_id\": \(end ? "[\(ending)]" : "[]"), \"decoder_start_token_id\": \(name.contains("bart") ? 1 : 0)}"
        .utf8
    )
    .write(to: URL(fileURLWithPath: copy + "/generation_config.json"))
    let prompts = try (0..<3).map { row in
      try #require(expected[isDecoder ? "prompt.\(row)" : "row.\(row).input_ids"]).array(of: Int.self)
    }
    return (try PretrainedModel.load(folder: copy), expected, prompts)
  }

  @Test(arguments: names)
  func greedyTextsAreTransformers(name: String) throws {
    let (model, expected, prompts) = try load(name, end: false)
    var options = SamplingOptions()
    options.maxNewTokens = 12
    let texts = try TextGenerator(model).generate(prompts, options).map(\.ids)
    let right = try #require(expected["greedy"])
    #expect(try texts == right.unbound().map { try $0.array(of: Int.self) })
  }

  @Test(arguments: names, 0..<5)
  func beamsAreTransformers(name: String, index: Int) throws {
    let (model, expected, prompts) = try load(name, end: true)
    let settings = try JSONValue.parse(contentsOf: "\(Self.golden)/sequences/beams.json")[index]
    var options = SamplingOptions()
    options.numBeams = try #require(settings?["num_beams"]?.intValue)
    options.lengthPenalty = try #require(settings?["length_penalty"]?.doubleValue)
    options.maxNewTokens = try #require(settings?["max_new_tokens"]?.intValue)
    options.earlyStopping =
      settings?["early_stopping"]?.boolValue.map { $0 ? .yes : .no } ?? .never
    let generator = try TextGenerator(model)
    let together = try generator.generate(prompts, options).map(\.ids)
    for row in 0..<3 {
      let right = try #require(expected["beams.\(index).\(row)"]).array(of: Int.self)
      #expect(together[row] == right, "row \(row) of a batch")
      #expect(try generator.generate([prompts[row]], options).map(\.ids) == [right], "row \(row) alone")
    }
  }

  @Test func oneBeamIsGreedy() throws {
    let (model, _, prompts) = try load("t5", end: true)
    var options = SamplingOptions()
    (options.maxNewTokens, options.lengthPenalty) = (12, 3)
    let greedy = try TextGenerator(model).generate(prompts, options)
    #expect(greedy.map(\.ids.isEmpty) == [false, false, false])
    options.numBeams = 2
    var events: [Int] = []
    let beams = try TextGenerator(model).generate([prompts[0]], options) { events.append($0.id) }
    #expect(events == beams[0].ids)
  }

  @Test func forcedTokensComeFirstAndLast() throws {
    var forced = ForcedTokens()
    (forced.first, forced.last) = (5, 6)
    #expect((0..<4).map { forced.token(at: $0, of: 4) } == [5, nil, nil, 6])
    #expect(ForcedTokens().token(at: 0, of: 1) == nil)
  }

  @Test(arguments: ["num_beams", "length_penalty", "temperature", "stop"])
  func optionsThatDoNotGoTogetherAreNamed(key: String) throws {
    var options = SamplingOptions()
    options.numBeams = key == "num_beams" ? 0 : 2
    if key == "length_penalty" { options.lengthPenalty = .infinity }
    if key == "temperature" { options.temperature = 1 }
    if key == "stop" { options.stop = ["."] }
    let error = try #require(throws: ConfigurationError.self) { try options.validate() }
    #expect("\(error)".contains(key))
  }

  @Test func whatWritesNoTextIsRefused() throws {
    let model = try PretrainedModel.load(folder: "\(Self.golden)/sequences/t5-classifier")
    let error = try #require(throws: ModelError.self) { try TextGenerator(model) }
    #expect(error.description.contains("seq-cls"))
  }
}
