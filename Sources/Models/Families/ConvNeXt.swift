import NN

/// ConvNeXt and ConvNeXt V2. Source: Liu et al. 2022, "A ConvNet for the 2020s"; Woo et al. 2023, "ConvNeXt V2".
extension ModelFamily {
  static let convnext = vision("convnext") { try design($0, version: 1) }
  static let convnextV2 = vision("convnextv2") { try design($0, version: 2) }

  private static func design(_ config: ModelConfiguration, version: Int) throws -> VisionDesign {
    let convnext = try ConvNeXtBody.Configuration(convnext: config, version: version)
    return VisionDesign(classifierWidth: convnext.stages.last?.channels ?? 0, initial: convnext.initial) {
      path, _ in try ConvNeXtBody(path, convnext)
    }
  }
}

extension ConvNeXtBody.Configuration {
  fileprivate init(convnext config: ModelConfiguration, version: Int) throws {
    let (height, width) = try config.extent("image_size", default: 224)
    picture = PictureShape(
      channels: try config.size("num_channels", default: 3), height: height, width: width)
    patchSize = try config.size("patch_size", default: 4)
    stages = try config.stages(
      sizes: [96, 192, 384, 768], depths: [3, 3, 9, 3], count: config.optional("num_stages"))
    activation = try config.activation("hidden_act", default: .gelu)
    normEpsilon = try config.value("layer_norm_eps", default: 1e-12)
    initial = .normal(std: try config.value("initializer_range", default: 0.02))
    pathDropout = try config.rate("drop_path_rate", default: 0)
    let start = try config.value("layer_scale_init_value", default: 1e-6)
    scaleStart = version == 1 && start > 0 ? start : nil
    normalizesResponses = version == 2
  }
}

extension ModelConfiguration {
  /// The channels and layers of each stage, from `hidden_sizes` and `depths`.
  ///
  /// - Parameter count: of the stages, where the file says it too.
  func stages(sizes: [Int], depths: [Int], count: Int? = nil) throws -> [(channels: Int, layers: Int)] {
    let sizes: [Int] = try value("hidden_sizes", default: sizes)
    let depths: [Int] = try value("depths", default: depths)
    guard !sizes.isEmpty, sizes.count <= 16, sizes.allSatisfy({ (1...1 << 20).contains($0) }) else {
      throw invalid("hidden_sizes", "must be the channels of 1 to 16 stages")
    }
    guard depths.count == sizes.count, depths.allSatisfy({ (1...1000).contains($0) }) else {
      throw invalid("depths", "must say for each of the \(sizes.count) stages how many layers it has")
    }
    if let count, count != sizes.count {
      throw invalid("num_stages", "hidden_sizes has \(sizes.count) stages")
    }
    return Array(zip(sizes, depths)).map { (channels: $0, layers: $1) }
  }
}
