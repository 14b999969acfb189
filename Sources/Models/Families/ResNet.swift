import NN

/// ResNet. Source: He et al. 2016, "Deep Residual Learning for Image Recognition".
extension ModelFamily {
  static let resnet = vision("resnet") { config in
    let resnet = try ResNetBody.Configuration(resnet: config)
    return VisionDesign(
      classifier: "classifier.1", classifierWidth: resnet.stages.last?.channels ?? 0,
      initial: .kaimingUniform(a: 5.squareRoot())
    ) { path, _ in try ResNetBody(path, resnet) }
  }
}

extension ResNetBody.Configuration {
  fileprivate init(resnet config: ModelConfiguration) throws {
    let (height, width) = try config.extent("image_size", default: 224)
    picture = PictureShape(
      channels: try config.size("num_channels", default: 3), height: height, width: width)
    firstChannels = try config.size("embedding_size", default: 64)
    stages = try config.stages(sizes: [256, 512, 1024, 2048], depths: [3, 4, 6, 3])
    activation = try config.activation("hidden_act", default: .relu)
    let kind = try config.value("layer_type", default: "bottleneck")
    guard ["basic", "bottleneck"].contains(kind) else {
      throw config.invalid("layer_type", "must be basic or bottleneck")
    }
    hasBottlenecks = kind == "bottleneck"
    shrinksFirst = try config.value("downsample_in_first_stage", default: false)
    shrinksEarly = try config.value("downsample_in_bottleneck", default: false)
  }
}
