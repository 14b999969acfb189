import NN
import Torch

/// A network that makes a soft prompt in training: a table of inputs, perhaps an LSTM, then linear layers with a function
/// between them. Once trained, only what it gives is needed.
///
/// Parameters are called as in Hugging Face PEFT's `PromptEncoder` and `PrefixEncoder`, behind `prompt_encoder.`.
public final class PromptEncoder {
  static let prefix = "prompt_encoder."

  /// A bidirectional LSTM before the linear layers.
  struct Recurrence {
    let hiddenSize, layers: Int
    /// Between its layers, in training.
    let dropout: Double
  }

  public let parameters: [AdapterParameter]
  private let inputs: AdapterParameter
  private let recurrence: (shape: Recurrence, parameters: [AdapterParameter])?
  private let layers: [(weight: AdapterParameter, bias: AdapterParameter)]
  private let activation: Activation
  private let mode: Mode

  /// - Parameters:
  ///   - tokens: rows of the table; `sizes[0]` is their width (of the table, not of what the LSTM gives).
  ///   - sizes: of what goes into the first layer and comes out of each.
  ///   - name: that of the linear layers; `NAME.0`, `NAME.2` and so on, since functions count too.
  init(
    tokens: Int, width: Int, recurrence: Recurrence? = nil, sizes: [Int], name: String,
    activation: Activation,
    on device: Device, mode: Mode, generator: Generator
  ) throws {
    (self.activation, self.mode) = (activation, mode)
    func parameter(_ name: String, _ shape: [Int], _ initial: Initializer) throws -> AdapterParameter {
      let values = try initial.tensor(shape, generator: generator)
      return AdapterParameter(Self.prefix + name, try values.to(device: device))
    }
    inputs = try parameter("embedding.weight", [tokens, width], .normal(std: 1))
    self.recurrence = try recurrence.map { shape in
      let bound = Initializer.uniform(1 / Double(shape.hiddenSize).squareRoot())
      let parameters = try (0..<shape.layers).flatMap { layer in
        try ["", "_reverse"].flatMap { direction in
          let (suffix, rows) = ("_l\(layer)\(direction)", 4 * shape.hiddenSize)
          let read = layer == 0 ? width : 2 * shape.hiddenSize
          return [
            try parameter("lstm_head.weight_ih\(suffix)", [rows, read], bound),
            try parameter("lstm_head.weight_hh\(suffix)", [rows, shape.hiddenSize], bound),
            try parameter("lstm_head.bias_ih\(suffix)", [rows], bound),
            try parameter("lstm_head.bias_hh\(suffix)", [rows], bound),
          ]
        }
      }
      return (shape, parameters)
    }
    layers = try zip(sizes, sizes.dropFirst()).enumerated().map { index, pair in
      let bound = Initializer.uniform(1 / Double(pair.0).squareRoot())
      return (
        try parameter("\(name).\(2 * index).weight", [pair.1, pair.0], bound),
        try parameter("\(name).\(2 * index).bias", [pair.1], bound)
      )
    }
    parameters = [inputs] + (self.recurrence?.parameters ?? []) + layers.flatMap { [$0.weight, $0.bias] }
  }

  /// The prompt [tokens, width of the last layer].
  func callAsFunction() throws -> Tensor {
    var x = inputs.tensor
    if let recurrence {
      let shape = recurrence.shape
      x = try x.unsqueezed(0).lstm(
        recurrence.parameters.map(\.tensor), hiddenSize: shape.hiddenSize, layers: shape.layers,
        dropout: mode.isTraining ? shape.dropout : 0
      ).squeezed(0)
    }
    for (index, layer) in layers.enumerated() {
      if index > 0 { x = try activation(x) }
      x = try x.linear(layer.weight.tensor, bias: layer.bias.tensor)
    }
    return x
  }
}
