// Times the functions that have a gradient of their own against the compositions that they stand for, at the sizes of one
// layer of a 200-million-parameter model: `swift run -c release gradients [float32|bfloat16] [tokens]`.
import NN
import Torch

let arguments = CommandLine.arguments.dropFirst()
let dtype: DType = arguments.contains("bfloat16") ? .bfloat16 : .float32
let tokens = arguments.lazy.compactMap(Int.init).first ?? 1024
let (d, inner, heads, keyHeads, size, rank, vocabulary) = (1024, 2816, 16, 8, 64, 16, 32_000)

func draw(_ shape: Int...) throws -> Tensor { try (Tensor.randn(shape) * 0.05).to(dtype: dtype) }

/// Weights [out, in] with factors of rank 16, which are trained.
func terms(_ outputs: [Int], from inputs: Int) throws -> [ProductTerm] {
  try outputs.map { outputs in
    let a = try (Tensor.randn([rank, inputs]) * 0.05).requireGrad()
    let b = try (Tensor.randn([outputs, rank]) * 0.05).requireGrad()
    let weight = Parameter(name: "weight", tensor: try draw(outputs, inputs))
    return ProductTerm(weight: weight, bias: nil, update: LowRankFactors(a: a, b: b, scale: 2))
  }
}

func composedProducts(_ x: Tensor, _ terms: [ProductTerm]) throws -> [Tensor] {
  try terms.map { term in
    let y = try x.linear(term.weight.dense(dtype))
    guard let update = term.update else { return y }
    return try y + x.linear(update.a.to(dtype: dtype)).linear(update.b.to(dtype: dtype)) * update.scale
  }
}

func products(_ name: String, _ outputs: [Int], from inputs: Int) throws -> Race {
  let terms = try terms(outputs, from: inputs)
  return Race(
    name: name, inputs: [try draw(1, tokens, inputs)], fused: { try groupedProducts($0[0], terms) },
    composed: { try composedProducts($0[0], terms) })
}

let normWeight = try draw(d)
let padding = try Tensor.arange(0, tokens / 8).unsqueezed(0).less(
  Tensor.randint(tokens / 16..<tokens / 8, [8]).unsqueezed(1)
).unsqueezed(1).unsqueezed(1)
let races = [
  Race(
    name: "RMS norm", inputs: [try draw(1, tokens, d)],
    fused: { [try rmsNorm($0[0], weight: normWeight, eps: 1e-5)] },
    composed: { inputs in
      let wide = try inputs[0].to(dtype: .float32)
      let scale = try (wide.square().mean([-1], keepDim: true) + 1e-5).rsqrt()
      return [try normWeight * (wide * scale).to(dtype: dtype)]
    }),
  Race(
    name: "gated activation", inputs: [try draw(1, tokens, inner), try draw(1, tokens, inner)],
    fused: { [try gated($0[0], $0[1], by: .silu)] }, composed: { [try $0[0].silu() * $0[1]] }),
  Race(
    name: "causal attention",
    inputs: [
      try draw(1, heads, tokens, size), try draw(1, keyHeads, tokens, size),
      try draw(1, keyHeads, tokens, size),
    ],
    fused: { [try attention($0[0], $0[1], $0[2], mask: nil, causal: true)] },
    composed: {
      [try .scaledDotProductAttention($0[0], $0[1], $0[2], causal: true, groupedHeads: true)]
    }),
  Race(
    name: "padded attention with dropout",
    inputs: try (0..<3).map { _ in try draw(8, heads, tokens / 8, size) },
    fused: { [try attention($0[0], $0[1], $0[2], mask: padding, causal: false, dropout: 0.1)] },
    composed: {
      [try .scaledDotProductAttention($0[0], $0[1], $0[2], mask: padding, dropout: 0.1)]
    }),
  try products("query, key and value with LoRA", [d, d / 2, d / 2], from: d),
  try products("gate and up with LoRA", [inner, inner], from: d),
  try products("down with LoRA", [d], from: inner),
]

print("\(dtype), \(tokens) tokens, forward and backward, milliseconds")
for race in races {
  let (fused, composed) = try race.run()
  func text(_ value: Double) -> String { String(Double(Int(value * 100)) / 100) }
  print("\(race.name): \(text(fused)), composed \(text(composed)), \(text(composed / fused)) times as fast")
}
