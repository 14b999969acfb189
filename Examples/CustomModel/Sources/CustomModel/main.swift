// Adapts a model of one's own with LoRA: injected, trained, saved, loaded, merged, each step verified.
import Foundation
import NN
import PEFT
import Safetensors
import Torch

struct Mistake: Error, CustomStringConvertible {
  let description: String
}

func require(_ holds: Bool, _ what: String) throws {
  guard holds else { throw Mistake(description: "not so: \(what)") }
  print("  \(what)")
}

func distance(_ left: Tensor, _ right: Tensor) throws -> Double { try (left - right).abs().max().item() }

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("custom-model").path
let generator = try Generator(seed: 7)
let inputs = try Tensor.randn([32, 64], generator: generator)

// The base, and what it is to learn: another model's outputs.
let model = try TwoLayers(seed: 1)
let targets = try withoutGradients { try TwoLayers(seed: 2)(inputs) }
let before = try withoutGradients { try model(inputs) }
try SafetensorsWriter.write(
  Dictionary(uniqueKeysWithValues: model.store.stateDict().map { ($0.name, $0.tensor) }),
  to: folder + "-base.safetensors")

var lora = LoRA()
lora.rank = 32
lora.alpha = 32
lora.dropout = 0.1
lora.initialization = .gaussian
lora.targeting.modules = .names(["first", "second"])
let adapted = try AdaptedModel(model.store, seed: 3)
let report = try adapted.add(lora)
print("adapted \(report.adapted.joined(separator: " and ")): \(adapted.trainableCount) trainable parameters")
try require(
  try distance(withoutGradients { try model(inputs) }, before) == 0, "outputs at the start are the base's")

model.store.mode.isTraining = true
var losses: [Double] = []
for _ in 0..<100 {
  let loss = try model(inputs).meanSquaredError(targets)
  try loss.backward()
  try withoutGradients {
    for parameter in adapted.trainableParameters.map(\.parameter.tensor) {
      if let gradient = parameter.grad { try parameter.sub_(gradient * 0.5) }
      try parameter.setGrad(nil)
    }
  }
  losses.append(try loss.item())
}
model.store.mode.isTraining = false
try require(
  (losses.last ?? 1) < (losses.first ?? 0), "the loss fell from \(losses.first ?? 0) to \(losses.last ?? 0)")

print("state dict of the adapter:")
for entry in adapted.parameters() { print("  \(entry.name) \(entry.parameter.tensor.shape)") }

let after = try withoutGradients { try model(inputs) }
try adapted.save(to: folder + "-adapter")
let again = try TwoLayers(SafetensorsSource(path: folder + "-base.safetensors"))
let loaded = try AdaptedModel(again.store)
try loaded.load(folder: folder + "-adapter")
try require(
  try distance(withoutGradients { try again(inputs) }, after) == 0, "saved and loaded: the same outputs")

try loaded.merge()
let merged = try distance(withoutGradients { try again(inputs) }, after)
try require(merged < 1e-4, "merged: outputs differ by \(merged)")
loaded.unmerge()
try require(
  try distance(withoutGradients { try again(inputs) }, after) == 0, "unmerged: the same outputs again")
