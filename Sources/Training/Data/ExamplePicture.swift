import Torch

/// The picture of an example, which is read and prepared when a batch needs it.
public struct ExamplePicture: Sendable, Hashable {
  /// What tells it from others, such as the path of its file.
  public let identity: String
  private let read: @Sendable () throws -> Tensor

  /// - Parameter read: gives float32 [channels, height, width], the same whenever it is called.
  public init(_ identity: String, _ read: @escaping @Sendable () throws -> Tensor) {
    (self.identity, self.read) = (identity, read)
  }

  public func pixels() throws -> Tensor { try read() }

  public static func == (first: ExamplePicture, second: ExamplePicture) -> Bool {
    first.identity == second.identity
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(identity) }

  /// The pictures of a batch, float32 [batch, channels, height, width]; nil when no example has one.
  ///
  /// - Throws: ``TrainingError`` naming an example without one among others, or one of another size; what reading throws.
  static func batch(_ examples: [TokenizedExample]) throws -> Tensor? {
    guard examples.contains(where: { $0.picture != nil }) else { return nil }
    let pixels = try concurrentMap(examples, block: 1) { example in
      guard let picture = example.picture else {
        throw TrainingError(.data, "a row without a picture among rows with one, \(example.origin): add it")
      }
      return try picture.pixels()
    }
    for (example, own) in zip(examples, pixels) where own.shape != pixels[0].shape {
      throw TrainingError(
        .data,
        "pixels \(own.shape) beside \(pixels[0].shape), \(example.origin): give all rows pictures of one size, or "
          + "use --batch-size 1")
    }
    return try Tensor.stack(pixels)
  }
}
