import NN
import Testing
import Torch

@testable import Models

/// What holds for every decoder, of whichever kind.
struct DecoderPropertyTests {
  static let folders: [String] =
    ["llama", "mistral", "qwen2-layer-types"].map { "models/\($0)" } + GPTTests.names.map { "gpt/\($0)" }
    + DecoderFamilyTests.names.map { "decoders/\($0)" }

  private func load(_ folder: String) throws -> any CausalLanguageModel {
    try #require(
      try PretrainedModel.load(folder: "\(Golden.folder)/\(folder)") as? any CausalLanguageModel)
  }

  @Test(arguments: folders)
  func packedTextsDoNotSeeEachOther(folder: String) throws {
    let model = try load(folder)
    let (first, second) = ([5, 9, 33, 12, 7, 8, 40], [20, 21, 22, 23, 24, 25])
    var packed = try ModelInput(first + second)
    packed.segments = try Tensor(first.map { _ in 0 } + second.map { _ in 1 }, shape: [1, 13])
    packed.positions = try Tensor(Array(first.indices) + Array(second.indices), shape: [1, 13])
    let together = try model.logits(packed)
    #expect(try together.slice(1, 0..<7).relativeError(to: model.logits(ModelInput(first))) < 1e-5)
    #expect(try together.slice(1, 7..<13).relativeError(to: model.logits(ModelInput(second))) < 1e-5)
  }

  @Test(arguments: folders)
  func checkpointedBlocksHaveTheSameGradients(folder: String) throws {
    let input = try ModelInput([5, 9, 33, 12, 7, 8, 40])
    func gradients(checkpointing: Bool) throws -> [Tensor] {
      let model = try load(folder)
      model.store.mode.isTraining = true
      model.store.mode.gradientCheckpointing = checkpointing
      for parameter in model.store.parameters { try parameter.tensor.requireGrad() }
      let (sum, count) = try model.nextTokenLoss(input, labels: input.ids)
      try (sum / Double(count)).backward()
      // An expert that no token was sent to has none.
      return try model.store.parameters.map { try $0.tensor.grad ?? $0.tensor.zerosLike() }
    }
    let kept = try gradients(checkpointing: false)
    #expect(try kept.contains { try $0.norm().item(of: Double.self) > 0 })
    for (kept, again) in zip(kept, try gradients(checkpointing: true)) {
      #expect(try (again - kept).norm().item(of: Double.self) <= 1e-5 * max(1, kept.norm().item()))
    }
  }
}
