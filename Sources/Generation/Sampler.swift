import Models
import Torch

/// Chooses the next token of one text.
///
/// It draws on the CPU from a generator of its own, so the same seed gives the same text on every device and
/// whatever other texts are in the batch.
public struct Sampler {
  private let options: SamplingOptions
  private let generator: Generator

  public init(_ options: SamplingOptions, generator: Generator) {
    (self.options, self.generator) = (options, generator)
  }

  /// - Parameters:
  ///   - logits: [vocabulary].
  ///   - text: the tokens so far, the prompt included.
  ///   - forbidden: tokens that must not come now.
  /// - Throws: ``ModelError`` when the logits are not numbers.
  public func next(_ logits: Tensor, after text: [Int], forbidden: [Int] = []) throws -> Int {
    var scores = try adjusted(
      logits.detached().to(dtype: .float32, device: .cpu), after: text, forbidden: forbidden)
    let highest: Double = try scores.max().item()
    guard !highest.isNaN else {
      throw ModelError("the model's logits are not a number, after \(text.count) tokens: use a wider --dtype")
    }
    guard options.temperature > 0 else { return try scores.argmax().item() }
    scores = try scores / options.temperature
    if options.topK > 0 { scores = try likeliest(scores) }
    if options.topP < 1 { scores = try nucleus(scores) }
    if options.minP > 0 { scores = try aboveShare(scores) }
    return try scores.softmax().multinomial(1, generator: generator).item()
  }

  /// Scores [vocabulary] with what occurred made less likely, and what must not come impossible.
  func adjusted(_ scores: Tensor, after text: [Int], forbidden: [Int]) throws -> Tensor {
    let scores = try options.repetitionPenalty == 1 ? scores : penalized(scores, text)
    return try forbidden.isEmpty ? scores : scores.clone().indexFilled(forbidden, -.infinity)
  }

  /// Source: Keskar et al. 2019, "CTRL", section 4.1.
  private func penalized(_ scores: Tensor, _ text: [Int]) throws -> Tensor {
    let places = try Tensor(Set(text).filter { $0 >= 0 && $0 < scores.count }.sorted())
    let old = try scores.gather(0, places)
    let new = try (old * options.repetitionPenalty)
      .selected(where: old.less(0), otherwise: old / options.repetitionPenalty)
    return try scores.clone().scatter_(0, places, new)
  }

  /// Source: Fan et al. 2018, "Hierarchical Neural Story Generation".
  private func likeliest(_ scores: Tensor) throws -> Tensor {
    let kept = try scores.topk(min(options.topK, scores.count)).values
    return try scores.maskedFill(scores.less(kept.min()), -.infinity)
  }

  /// Source: Holtzman et al. 2019, "The Curious Case of Neural Text Degeneration".
  private func nucleus(_ scores: Tensor) throws -> Tensor {
    let (values, places) = try scores.sorted()
    let isTail = try (values.softmax().cumsum(0) - (1 - options.topP)).lessOrEqual(Tensor(Float(0)))
    // The likeliest one always stays.
    try isTail.slice(0, from: scores.count - 1).fill_(0)
    return try scores.maskedFill(isTail.clone().scatter_(0, places, isTail), -.infinity)
  }

  /// Source: Nguyen et al. 2024, "Turning Up the Heat: Min-p Sampling".
  private func aboveShare(_ scores: Tensor) throws -> Tensor {
    let probabilities = try scores.softmax()
    return try scores.maskedFill(probabilities.less(probabilities.max() * options.minP), -.infinity)
  }
}

extension Tensor {
  /// This vector, changed in place, with `value` at the places `indices` that it has.
  fileprivate func indexFilled(_ indices: [Int], _ value: Double) throws -> Tensor {
    for index in indices where index >= 0 && index < count { try select(0, index).fill_(value) }
    return self
  }
}
