// Low-rank updates of one network, trained to act like another: what each costs, and that a merge keeps what it learned.
import JSON
import NN
import PEFT
import Shared
import Torch

let inputs = try Tensor.randn([64, 16], generator: Generator(seed: 1))
let targets = try withoutGradients { try Network(seed: 2)(inputs) }

for name in ["lora", "rslora", "dora", "edora", "lora-xs"] {
  let network = try Network(seed: 1)
  let model = try AdaptedModel(network.store, seed: 3)
  let fields: JSONObject = ["r": 8, "lora_alpha": 16, "target_modules": ["first", "second"]]
  try model.add(MethodRegistry.method(named: name, fields))
  let count = model.trainableCount
  let loss = try train(model, steps: 60, rate: 0.3) { try network(inputs).meanSquaredError(targets) }
  try require(loss.last < loss.first, "\(name): \(count) parameters, loss \(loss.first) to \(loss.last)")
  let before = try withoutGradients { try network(inputs) }
  try model.mergeAndUnload()
  let after = try withoutGradients { try network(inputs) }
  try require(try after.relativeError(to: before) < 1e-5, "merged: the same outputs")
}
