import NN
import Testing
import Torch

/// Convolutions against their definition, element by element.
struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let geometry: ConvolutionGeometry
    var testDescription: String {
      "k\(geometry.kernel) s\(geometry.stride) d\(geometry.dilation) g\(geometry.groups) "
        + "\(geometry.padding) \(geometry.paddingMode)"
    }
  }

  static let cases: [Case] = {
    var cases: [Case] = []
    for mode in ConvolutionGeometry.PaddingMode.allCases {
      for kernel in [1, 2, 3] {
        for (dilation, groups) in [(1, 1), (2, 2)] {
          cases += [
            (1, .same), (1, .valid), (2, .valid), (1, .each([2])), (2, .each([1])),
          ].map { (stride: Int, padding: ConvolutionGeometry.Padding) in
            Case(
              geometry: ConvolutionGeometry(
                kernel: [kernel], stride: [stride], padding: padding, dilation: [dilation], groups: groups,
                paddingMode: mode))
          }
        }
      }
    }
    return cases
  }()

  @Test(arguments: cases)
  func oneDimensionEqualsTheDefinition(example: Case) throws {
    let geometry = example.geometry
    let (inputs, outputs, length) = (4, 6, 9)
    let store = try VariableStore(seed: 1)
    let layer = try Convolution(store.root / "conv", in: inputs, out: outputs, geometry)
    let x = try Tensor.randn([2, inputs, length], generator: Generator(seed: 2))
    let y = try layer(x)
    let (weight, bias) = (try layer.weight.dense(.float32).array(of: Float.self), try bias(layer))
    let values = try x.array(of: Float.self)
    let (kernel, stride, dilation) = (geometry.kernel[0], geometry.stride[0], geometry.dilation[0])
    let total = dilation * (kernel - 1)
    let (before, after) =
      switch geometry.padding {
      case .valid: (0, 0)
      case .same: (total / 2, total - total / 2)
      case .each(let amounts): (amounts[0], amounts[0])
      }
    let count = (length + before + after - total - 1) / stride + 1
    #expect(y.shape == [2, outputs, count])
    var expected: [Float] = []
    let (perGroup, outPerGroup) = (inputs / geometry.groups, outputs / geometry.groups)
    for batch in 0..<2 {
      for out in 0..<outputs {
        for place in 0..<count {
          var sum = Double(bias[out])
          for channel in 0..<perGroup {
            let source = out / outPerGroup * perGroup + channel
            for tap in 0..<kernel {
              let at = place * stride + tap * dilation - before
              guard let index = Self.index(at, length, geometry.paddingMode) else { continue }
              sum +=
                Double(weight[(out * perGroup + channel) * kernel + tap])
                * Double(values[(batch * inputs + source) * length + index])
            }
          }
          expected.append(Float(sum))
        }
      }
    }
    #expect(try y.relativeError(to: Tensor(expected, shape: y.shape)) < 1e-6)
    let single = try layer(x.select(0, 1))
    #expect(try single.relativeError(to: y.select(0, 1)) < 1e-6)
  }

  private func bias(_ layer: Convolution) throws -> [Float] {
    try #require(layer.bias).tensor.array(of: Float.self)
  }

  /// Where in the input an element outside it comes from; nil for zero.
  private static func index(_ place: Int, _ length: Int, _ mode: ConvolutionGeometry.PaddingMode) -> Int? {
    if (0..<length).contains(place) { return place }
    switch mode {
    case .zeros: return nil
    case .replicate: return place < 0 ? 0 : length - 1
    case .circular: return (place + length) % length
    case .reflect: return place < 0 ? -place : 2 * (length - 1) - place
    }
  }

  @Test(arguments: [1, 2, 3])
  func everyNumberOfDimensionsKeepsTheSizeWithSamePadding(dimensions: Int) throws {
    let store = try VariableStore(seed: 1)
    let kernel = Array([2, 3, 4].prefix(dimensions))
    for mode in ConvolutionGeometry.PaddingMode.allCases {
      let layer = try Convolution(
        store.root / "conv\(mode)", in: 2, out: 3,
        ConvolutionGeometry(kernel: kernel, padding: .same, paddingMode: mode))
      let sizes = Array([6, 5, 7].prefix(dimensions))
      let y = try layer(.randn([2, 2] + sizes, generator: Generator(seed: 3)))
      #expect(y.shape == [2, 3] + sizes)
    }
  }

  static let impossible: [(ConvolutionGeometry, String)] = [
    (ConvolutionGeometry(kernel: []), "a kernel has 1 to 3 dimensions, not 0"),
    (ConvolutionGeometry(kernel: [1, 1, 1, 1]), "a kernel has 1 to 3 dimensions, not 4"),
    (ConvolutionGeometry(kernel: [3, 0]), "kernel is [3, 0]"),
    (ConvolutionGeometry(kernel: [3, 3], stride: [1]), "stride is [1]"),
    (ConvolutionGeometry(kernel: [3], dilation: [0]), "dilation is [0]"),
    (ConvolutionGeometry(kernel: [3, 3], padding: .each([1])), "padding is [1]"),
    (ConvolutionGeometry(kernel: [3], padding: .each([-1])), "padding is [-1]"),
    (ConvolutionGeometry(kernel: [3], stride: [2], padding: .same), "needs a stride of 1"),
    (ConvolutionGeometry(kernel: [3], groups: 3), "groups is 3"),
    (ConvolutionGeometry(kernel: [3], groups: 0), "groups is 0"),
  ]

  @Test(arguments: impossible)
  func anImpossibleGeometryIsAnError(geometry: ConvolutionGeometry, message: String) throws {
    let store = try VariableStore()
    let error = try #require(throws: TorchError.self) {
      try Convolution(store.root / "conv", in: 4, out: 6, geometry)
    }
    #expect("\(error)".contains(message))
  }

  @Test func anInputOfAnotherRankIsAnError() throws {
    let layer = try Convolution(
      VariableStore().root / "conv", in: 4, out: 6, ConvolutionGeometry(kernel: [3, 3]))
    let error = try #require(throws: TorchError.self) { try layer(.zeros([4, 5])) }
    #expect("\(error)".contains("give [batch, 4, size...]"))
  }
}
