import JSON
import NN
import Torch

/// A picture as tokens: its patches, a token that stands for all of it in front, and where each is.
struct PatchEmbeddings {
  private let projection: Convolution
  private let first: Parameter
  private let places: Places
  private let registers: Parameter?
  private let configuration: PatchConfiguration

  /// The table of positions [tokens, d]: a parameter [1, tokens, d], or a layer.
  private enum Places {
    case parameter(Parameter)
    case table(Embedding)
  }

  init(_ path: Path, _ config: PatchConfiguration) throws {
    let (d, count) = (config.hiddenSize, config.rows * config.columns + 1)
    let (names, initial) = (config.names, Initializer.normal(std: config.initializerRange))
    first = try path.parameter(names.first, names.isFlat ? [d] : [1, 1, d], initial: initial)
    let kernel = [config.patchHeight, config.patchWidth]
    projection = try Convolution(
      path / names.projection, in: config.picture.channels, out: d,
      ConvolutionGeometry(kernel: kernel, stride: kernel), bias: !names.isFlat)
    places =
      try names.isFlat
      ? .table(Embedding(path / names.places, entries: count, size: d))
      : .parameter(path.parameter(names.places, [1, count, d], initial: initial))
    registers =
      try config.registerCount > 0
      ? path.parameter("register_tokens", [1, config.registerCount, d], initial: .zeros) : nil
    configuration = config
  }

  /// [batch, channels, height, width] as [batch, tokens, d]; what of the picture is no whole patch is left out.
  ///
  /// - Throws: ``ModelError`` for pictures smaller than a patch.
  func callAsFunction(_ pixels: Tensor) throws -> Tensor {
    let (rows, columns) = (
      pixels.shape[2] / configuration.patchHeight, pixels.shape[3] / configuration.patchWidth
    )
    guard rows > 0, columns > 0 else {
      throw ModelError(
        "pictures of \(pixels.shape[3])x\(pixels.shape[2]) pixels, in the input: the model's patches are "
          + "\(configuration.patchWidth)x\(configuration.patchHeight)")
    }
    let (batch, d) = (pixels.shape[0], configuration.hiddenSize)
    let patches = try projection(pixels).flattened(from: 2).transposed(1, 2)
    let start = try first.tensor.reshaped([1, 1, d]).expanded([batch, 1, d])
    let tokens = try Tensor.cat([start, patches], dim: 1) + positions(rows, columns)
    guard let registers else { return tokens }
    let extra = try registers.tensor.expanded([batch, configuration.registerCount, d])
    return try Tensor.cat([tokens.slice(1, 0..<1), extra, tokens.slice(1, from: 1)], dim: 1)
  }

  /// The positions of a grid of patches [1, tokens, d]: those of the table, or between them for a grid of another size.
  private func positions(_ rows: Int, _ columns: Int) throws -> Tensor {
    let table =
      switch places {
      case .parameter(let parameter): parameter.tensor
      case .table(let layer):
        try layer(Tensor.arange(0, configuration.rows * configuration.columns + 1, device: first.device))
          .unsqueezed(0)
      }
    guard (rows, columns) != (configuration.rows, configuration.columns) else { return table }
    let d = configuration.hiddenSize
    // Half precision would move them.
    let grid = try table.slice(1, from: 1).to(dtype: .float32)
      .reshaped([1, configuration.rows, configuration.columns, d]).permuted([0, 3, 1, 2])
      .bicubic(height: rows, width: columns, antialias: configuration.isSmooth)
    let between = try grid.permuted([0, 2, 3, 1]).reshaped([1, rows * columns, d]).to(dtype: table.dtype)
    return try Tensor.cat([table.slice(1, 0..<1), between], dim: 1)
  }
}

/// How pictures become tokens, as values.
struct PatchConfiguration: Sendable {
  struct Names: Sendable {
    var first = "cls_token"
    var projection = "patch_embeddings.projection"
    var places = "position_embeddings"
    /// Whether the first token is a vector, positions are a layer, and patches have no bias.
    var isFlat = false
  }

  var picture: PictureShape
  var patchHeight, patchWidth: Int
  var hiddenSize: Int
  var initializerRange: Double
  var registerCount = 0
  /// Whether positions of a smaller grid take all of the larger into account.
  var isSmooth = false
  var names = Names()

  /// Patches in a column and in a row.
  var rows: Int { picture.height / patchHeight }
  var columns: Int { picture.width / patchWidth }
}

extension PatchConfiguration {
  /// - Throws: ``ModelError`` naming the key whose value is missing or does not do.
  init(_ config: ModelConfiguration, size: Int = 224, patch: Int, hiddenSize: Int) throws {
    let (height, width) = try config.extent("image_size", default: size)
    (patchHeight, patchWidth) = try config.extent("patch_size", default: patch)
    picture = PictureShape(
      channels: try config.size("num_channels", default: 3), height: height, width: width)
    guard height >= patchHeight, width >= patchWidth else {
      throw config.invalid("patch_size", "must be at most image_size")
    }
    guard height <= 16384, width <= 16384 else {
      throw config.invalid("image_size", "must be at most 16384")
    }
    self.hiddenSize = hiddenSize
    initializerRange = try config.value("initializer_range", default: 0.02)
  }
}

extension ModelConfiguration {
  /// A height and a width, given as one number or two.
  func extent(_ key: String, default fallback: Int) throws -> (height: Int, width: Int) {
    guard let pair = raw[key]?.arrayValue else {
      let edge = try size(key, default: fallback)
      return (edge, edge)
    }
    let edges = pair.compactMap(\.intValue)
    guard pair.count == 2, edges.count == 2, edges.allSatisfy({ (1...Int(Int32.max)).contains($0) }) else {
      throw invalid(key, "must be a number from 1 on, or height and width")
    }
    return (edges[0], edges[1])
  }
}
