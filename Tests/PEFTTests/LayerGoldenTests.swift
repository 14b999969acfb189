import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// One adapted layer against Hugging Face PEFT: output, gradients, merged weight, keys; see
/// `Tests/Golden/make_layers.py`.
struct LayerGoldenTests {
  private static let cases = (try? Golden.json("layers/cases.json"))?.objectValue ?? JSONObject()

  /// Cases of layers and methods that there are; dropout's are random here.
  static let names = cases.keys.filter { name in
    guard let example = cases[name], example["dropout"]?.boolValue == false else { return false }
    let isKnown = MethodRegistry.entries.contains {
      $0.peftType == example["config"]?["peft_type"]?.stringValue
    }
    return isKnown && layers.contains(example["layer"]?.stringValue ?? "")
  }

  private static let layers = ["Linear", "Conv1D", "Embedding", "Conv1d", "Conv2d", "Conv3d"]

  @Test func thereAreCases() { #expect(Self.names.count >= 36) }

  @Test(arguments: names)
  func everythingEqualsPEFT(name: String) throws {
    let example = try #require(Self.cases[name])
    let golden = try SafetensorsFile(path: "\(Golden.folder)/layers/\(name).safetensors").allTensors()
    let tensor = { (key: String) in try #require(golden[key], "\(key)") }
    let isHalf = example["dtype"]?.stringValue == "bfloat16"
    let tolerance = isHalf ? 2e-2 : 1e-5

    let weights = TensorDictionary(
      Dictionary(
        uniqueKeysWithValues: golden.filter { $0.key.hasPrefix("base.") }.map {
          ("layer.\($0.key.dropFirst(5))", $0.value)
        }))
    let store = try VariableStore(weights)
    let layer = try Self.layer(example, store, hasBias: golden["base.bias"] != nil)
    let configuration = try AdapterConfiguration(#require(example["config"]?.objectValue))
    let state = golden.filter { $0.key.hasPrefix("state.") }
    let adapter = AdapterFolder(
      configuration: configuration,
      tensors: Dictionary(uniqueKeysWithValues: state.map { (String($0.key.dropFirst(6)), $0.value) }))
    let model = try AdaptedModel(store)
    try model.load(adapter)
    try model.setTrainable(true)
    #expect(Set(model.parameters().map(\.name)) == Set(adapter.tensors.keys))

    let x = try tensor("input").clone()
    if x.dtype.isFloatingPoint { try x.requireGrad() }
    let y = try layer(x)
    #expect(y.dtype == (try tensor("output")).dtype)
    #expect(try y.relativeError(to: tensor("output")) < tolerance)
    try y.backward(tensor("upstream"))
    if let expected = golden["gradient.input"] {
      let gradient = try #require(x.grad)
      #expect(try gradient.relativeError(to: expected) < tolerance)
    }
    for entry in model.parameters() {
      guard let expected = golden["gradient.\(entry.name)"] else { continue }
      let gradient = try #require(entry.parameter.tensor.grad, "\(entry.name)")
      let error = try gradient.relativeError(to: expected)
      #expect(error < tolerance, "\(entry.name)")
    }
    guard let merged = golden["merged.weight"] else { return }
    try model.merge()
    #expect(try store.layers[0].weight.dense(merged.dtype).relativeError(to: merged) < tolerance)
    if let output = golden["merged.output"] {
      #expect(try layer(x).relativeError(to: output) < tolerance)
    }
    if let bias = golden["merged.bias"] {
      let own = try #require(store.layers[0].bias)
      #expect(try own.tensor.relativeError(to: bias) < tolerance)
    }
  }

  private static func layer(
    _ example: JSONValue, _ store: VariableStore, hasBias: Bool
  ) throws -> (Tensor) throws -> Tensor {
    let path = store.root / "layer"
    let arguments = example["arguments"]
    let size = { (key: String) in try #require(arguments?[key]?.intValue) }
    if let name = example["layer"]?.stringValue, name.hasSuffix("d"), name.hasPrefix("Conv") {
      let dimensions = name == "Conv1d" ? 1 : name == "Conv2d" ? 2 : 3
      let sizes = { (key: String) -> [Int]? in
        guard let value = arguments?[key] else { return nil }
        return value.intValue.map { Array(repeating: $0, count: dimensions) }
          ?? value.arrayValue?.compactMap(\.intValue)
      }
      let geometry = ConvolutionGeometry(
        kernel: try #require(sizes("kernel_size")), stride: sizes("stride"),
        padding: sizes("padding").map(ConvolutionGeometry.Padding.each) ?? .valid,
        dilation: sizes("dilation"),
        groups: arguments?["groups"]?.intValue ?? 1,
        paddingMode: arguments?["padding_mode"]?.stringValue.flatMap(
          ConvolutionGeometry.PaddingMode.init) ?? .zeros)
      return try Convolution(
        path, in: size("in_channels"), out: size("out_channels"), geometry, bias: hasBias
      ).callAsFunction
    }
    switch example["layer"]?.stringValue {
    case "Linear":
      return try Linear(path, in: size("in_features"), out: size("out_features"), bias: hasBias)
        .callAsFunction
    case "Conv1D":
      return try TransposedLinear(path, in: size("nx"), out: size("nf"), bias: hasBias).callAsFunction
    default:
      return try Embedding(
        path, entries: size("num_embeddings"), size: size("embedding_dim"),
        padding: example["arguments"]?["padding_idx"]?.intValue
      ).callAsFunction
    }
  }
}
