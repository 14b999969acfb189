// Soft prompts before a frozen language model: each is trained to make one text likely, saved, and loaded elsewhere.
//
// The first argument is the folder of a model, such as Sources/Demo/Resources/demo-model.
import Foundation
import JSON
import Models
import NN
import PEFT
import Shared
import Torch

let path = CommandLine.arguments.dropFirst().first ?? "Sources/Demo/Resources/demo-model"
func load() throws -> any CausalLanguageModel {
  guard let model = try PretrainedModel.load(folder: path) as? any CausalLanguageModel else {
    throw Mistake(description: "\(path) holds no language model")
  }
  return model
}

let text = try ModelInput([17, 4, 42, 23, 8, 15, 16])
let folder = FileManager.default.temporaryDirectory.appendingPathComponent("soft-prompt").path
for name in ["prompt-tuning", "p-tuning", "prefix-tuning"] {
  let model = try load()
  let adapted = try AdaptedModel(model.store, seed: 3)
  try adapted.add(MethodRegistry.method(named: name, ["num_virtual_tokens": 8]))
  let loss = try train(adapted, steps: 20, rate: 0.05) {
    let (sum, count) = try model.nextTokenLoss(text, labels: text.ids)
    return try sum / Double(count)
  }
  try require(
    loss.last < loss.first,
    "\(name): \(adapted.trainableCount) parameters, loss \(loss.first) to \(loss.last)")

  try adapted.save(to: folder)
  let other = try load()
  try AdaptedModel(other.store).load(folder: folder)
  let (wanted, found) = try withoutGradients { (try model.logits(text), try other.logits(text)) }
  try require(try found.isIdentical(to: wanted), "saved and loaded: the same outputs")
}
