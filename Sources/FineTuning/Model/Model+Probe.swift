import Models
import NN
import Torch

extension Model {
  /// Input drawn with a fixed seed, on which two states of a model can be compared: tokens, or pictures, or both.
  func probe() throws -> ModelInput {
    let (generator, device) = (try Generator(seed: 1), store.device)
    let picture = (self as? any VisionModel)?.picture
    let pixels = try picture.map { picture in
      try Tensor.randn([2, picture.channels, picture.height, picture.width], generator: generator)
        .to(device: device)
    }
    if let pixels, !(self is any TextFeatureModel) { return try ModelInput(pixels: pixels) }
    let vocabulary = try configuration.text.size("vocab_size", default: 49408)
    let ids = try Tensor.randint(0..<vocabulary, [1, min(32, contextLength)], generator: generator)
    var input = ModelInput(ids: try ids.to(device: device))
    input.pixels = pixels
    return input
  }
}
