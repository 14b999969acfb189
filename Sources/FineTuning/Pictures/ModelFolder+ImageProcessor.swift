import Images
import Models

extension ModelFolder {
  /// What is done to pictures before `model` sees them: as `preprocessor_config.json` says, else as is usual in the
  /// model's family at the size of its config.json. Nil for a model that looks at none.
  ///
  /// - Throws: `ImageError` naming the key whose value does not do.
  public func imageProcessor(for model: any Model) throws -> ImageProcessor? {
    guard let picture = (model as? any VisionModel)?.picture else { return nil }
    let kind: ImageProcessor.Kind =
      switch try model.configuration.modelType {
      case "clip", "clip_vision_model": .clip
      case "dinov2", "dinov2_with_registers": .bit
      case "convnext", "convnextv2", "resnet": .convnext
      default: .vit
      }
    return try ImageProcessor(
      folder: path, usual: kind, height: picture.height, width: picture.width, channels: picture.channels)
  }
}
