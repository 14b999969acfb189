/// The image processors that models name, and what they do where the file says nothing.
extension ImageProcessor {
  public enum Kind: String, Sendable, CaseIterable {
    case vit = "ViT"
    case clip = "CLIP"
    case bit = "Bit"
    case convnext = "ConvNext"

    /// Of a class such as `ViTImageProcessorFast` or `ConvNextFeatureExtractor`; nil for others.
    public init?(className: String) {
      guard
        let kind = Kind.allCases.first(where: { kind in
          ["ImageProcessor", "FeatureExtractor"].contains {
            className.lowercased().hasPrefix((kind.rawValue + $0).lowercased())
          }
        })
      else { return nil }
      self = kind
    }

    /// For pictures of `channels` channels on a model that was made for `size` pixels each way.
    public func standard(height: Int, width: Int, channels: Int) -> ImageProcessor {
      let half = Array(repeating: 0.5, count: channels)
      let isColored = channels == 3
      switch self {
      case .vit:
        return ImageProcessor(
          resizing: .to(.exact(height: height, width: width)), filter: .bilinear, mean: half, deviation: half,
          channels: channels)
      case .clip, .bit:
        return ImageProcessor(
          resizing: .to(.shortestEdge(min(height, width), longest: nil)), filter: .bicubic,
          crop: (height, width),
          mean: isColored ? [0.481_454_66, 0.457_827_5, 0.408_210_73] : half,
          deviation: isColored ? [0.268_629_54, 0.261_302_58, 0.275_777_11] : half, channels: channels)
      case .convnext:
        return ImageProcessor(
          resizing: .square(min(height, width), share: 224.0 / 256), filter: .bicubic, mean: half,
          deviation: half, channels: channels)
      }
    }
  }
}
