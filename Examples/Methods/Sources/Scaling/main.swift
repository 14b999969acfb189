// Methods that train vectors, norms, biases or small networks between frozen layers, and what they add up to.
import JSON
import NN
import PEFT
import Shared
import Torch

let inputs = try Tensor.randn([64, 16], generator: Generator(seed: 1))
let targets = try withoutGradients { try Network(seed: 2)(inputs) }

let methods: [(name: String, fields: JSONObject)] = [
  ("ia3", ["target_modules": ["first", "second"], "feedforward_modules": ["second"]]),
  ("ln-tuning", ["target_modules": ["norm"]]),
  ("bitfit", [:]),
  ("bottleneck", ["target_modules": ["first", "second"], "bottleneck_size": 4, "non_linearity": "gelu"]),
]
for (name, fields) in methods {
  let network = try Network(seed: 1)
  let base = try withoutGradients { try network(inputs) }
  let model = try AdaptedModel(network.store, seed: 3)
  try model.add(MethodRegistry.method(named: name, fields))
  let fresh = try withoutGradients { try network(inputs) }
  try require(try fresh.relativeError(to: base) < 1e-6, "\(name) begins as the base")
  let loss = try train(model, steps: 60, rate: 0.3) { try network(inputs).meanSquaredError(targets) }
  try require(
    loss.last < loss.first, "\(model.trainableCount) parameters, loss \(loss.first) to \(loss.last)")
  let again = try model.withAdaptersDisabled { try withoutGradients { try network(inputs) } }
  try require(try again.isIdentical(to: base), "taken away, the base is as it was")
}
