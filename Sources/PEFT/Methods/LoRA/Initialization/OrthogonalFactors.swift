import Configuration
import JSON
import NN
import Torch

/// A and B in complementary halves of a random orthogonal basis of the r inner dimensions, so that B A is zero although
/// neither is.
///
/// Q from the QR decomposition of a normal r x r matrix; A^T = N Q_even / 10 and B = M Q_odd / 10 with normal N, M.
/// As PEFT 0.21's `orthogonal`.
struct OrthogonalFactors: FactorInitializer {
  static let spellings = ["orthogonal"]

  init?(_ value: JSONValue) { guard value.stringValue == "orthogonal" else { return nil } }

  func validate(_ method: LoRA) throws {
    for (field, rank) in [("r", method.rank)]
      + method.rankPattern.entries.map({ ("rank_pattern[\($0.key)]", $0.value) })
    where !rank.isMultiple(of: 2) {
      throw ConfigurationError(field, value: rank, rule: "must be even for init_lora_weights orthogonal")
    }
  }

  func factors(of layer: any AdaptableLayer, _ request: FactorRequest) throws -> InitialFactors {
    let (rank, generator) = (request.rank, request.context.generator)
    let (inputs, outputs) = try layer.linearSizes()
    let basis = try Tensor.randn([rank, rank], generator: generator).qr().q
    let (even, odd) = (try basis.slice(0, from: 0, step: 2), try basis.slice(0, from: 1, step: 2))
    let left = try Tensor.randn([inputs, rank / 2], generator: generator)
    let right = try Tensor.randn([outputs, rank / 2], generator: generator)
    return try InitialFactors(a: left.mm(even).t() / 10, b: right.mm(odd) / 10)
  }
}
