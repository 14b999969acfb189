import Configuration
import FineTuning
import Foundation
import JSON
import Models
import PEFT
import Testing
import Torch
import Training

/// Texts of one batch side by side with padding, and end to end without.
struct EndToEndTests {
  private static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Golden"
  static let names = [
    "models/llama", "models/qwen2-window", "models/qwen3", "decoders/gemma2", "decoders/qwen3_moe",
    "decoders/gemma3", "gpt/gpt2", "gpt/gptj", "gpt/bloom",
  ]

  private func examples(_ lengths: [Int]) -> [TokenizedExample] {
    lengths.enumerated().map { index, length in
      let ids = (0..<length).map { Int32(($0 * 7 + index * 5) % 40 + 1) }
      return TokenizedExample(ids: ids, target: .tokens(ids), origin: "row \(index)")
    }
  }

  /// The loss and the gradients of a LoRA on everything.
  private func results(_ name: String, _ rows: [[TokenizedExample]], keepsPadding: Bool) throws -> [Tensor] {
    let tuned = try AdaptedPretrainedModel(folder: "\(Self.golden)/\(name)")
    try tuned.adapters.add(LoRA(["target_modules": "all-linear", "r": 2, "init_lora_weights": false]))
    let model = try FineTuningModel(tuned, training: .adapter("default"), objective: .nextToken)
    tuned.model.store.mode.keepsPadding = keepsPadding
    let loss = try model.summedLoss(Batch(rows, objective: .nextToken))
    try loss.backward()
    return try [loss.detached()] + model.parameters.map { try $0.tensor.grad ?? .zeros([1]) }
  }

  @Test(arguments: names)
  func theLossAndGradientsAreTheSame(name: String) throws {
    let rows = examples([9, 3, 14, 1, 6])
    let apart = try results(name, rows.map { [$0] }, keepsPadding: true)
    for layout in [rows.map { [$0] }, [[rows[0], rows[1]], [rows[2]], [rows[3], rows[4]]]] {
      for (mine, right) in zip(try results(name, layout, keepsPadding: false), apart) {
        #expect(
          try (mine - right).abs().max().item(of: Double.self) <= 1e-4 * max(1, right.abs().max().item()))
      }
    }
  }
}
