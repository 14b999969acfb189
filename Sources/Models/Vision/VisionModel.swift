import NN
import Torch

/// A model that looks at pictures.
public protocol VisionModel: Model {
  /// The pictures that it was made for.
  var picture: PictureShape { get }
  /// A vector for each picture [batch, channels, height, width], [batch, d].
  func features(_ pixels: Tensor) throws -> Tensor
}

extension VisionModel {
  // Pictures are no texts.
  public var contextLength: Int { 1 }
  public var limitsLength: Bool { false }
  public var outputEmbeddingName: String? { nil }
}

/// Channels and size of a model's pictures.
public struct PictureShape: Sendable, Hashable {
  public let channels, height, width: Int

  public init(channels: Int, height: Int, width: Int) {
    (self.channels, self.height, self.width) = (channels, height, width)
  }
}

/// What lies below the head of a model that looks at pictures.
protocol VisionBody: AnyObject {
  var picture: PictureShape { get }
  /// The last states of pictures [batch, channels, height, width]: [batch, tokens, d], or [batch, d, rows, columns].
  func states(_ pixels: Tensor) throws -> Tensor
  /// A vector for each picture [batch, d], transformers' `pooler_output`.
  func pooled(_ pixels: Tensor) throws -> Tensor
  /// What a classifier takes.
  func classified(_ pixels: Tensor) throws -> Tensor
}

/// A family's model before its task is known.
struct VisionDesign {
  /// The full name of the layer that gives the classes.
  var classifier = "classifier"
  /// The numbers that it takes.
  var classifierWidth: Int
  var initial: Initializer
  /// Builds the body for a task.
  var body: (Path, ModelTask) throws -> any VisionBody
}

extension ModelInput {
  /// The pictures, of which the model must have been given some.
  ///
  /// - Throws: ``ModelError`` when there are none, or they have other channels than `picture`.
  func pictures(_ picture: PictureShape) throws -> Tensor {
    guard let pixels else {
      throw ModelError("no pictures, in the input: the model looks at pictures; give rows of images")
    }
    guard pixels.rank == 4, pixels.shape[1] == picture.channels, pixels.shape[2] > 0, pixels.shape[3] > 0
    else {
      throw ModelError(
        "pictures \(pixels.shape), in the input: the model takes [batch, \(picture.channels), height, width]")
    }
    return pixels
  }
}
