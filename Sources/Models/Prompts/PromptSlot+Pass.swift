import NN
import Torch

/// A model's pass behind a soft prompt.
///
/// A prompt is what the model has seen before the text, so it belongs into the cache of keys and values: learned ones as
/// they are, vectors after one pass of their own for all rows. The text then follows it as it follows any other
/// beginning, and only the text's hidden states come out.
extension PromptSlot {
  /// Runs `pass` over `input`, behind the active prompt if there is one and `cache` holds nothing yet.
  ///
  /// - Parameter pass: the model without prompts; it adds to the cache that it is given.
  func lead(
    _ input: ModelInput, _ cache: KeyValueCache?, _ pass: (ModelInput, KeyValueCache?) throws -> Tensor
  ) throws -> Tensor {
    guard let prompt = working else { return try pass(input, cache) }
    let cache = cache ?? KeyValueCache(layers: shape.layers)
    if cache.length == 0 { try fill(cache, with: prompt, rows: input.ids.shape[0], pass) }
    var input = input
    // Texts count from their own beginning.
    input.positions = try input.positions.map { try $0 + Tensor(prompt.length) }
    return try pass(input, cache)
  }

  private func fill(
    _ cache: KeyValueCache, with prompt: any SoftPrompt, rows: Int,
    _ pass: (ModelInput, KeyValueCache?) throws -> Tensor
  ) throws {
    let dtype = embedding.weight.dtype
    switch try prompt.content() {
    case .keysAndValues(let learned):
      try cache.begin(
        with: learned.map {
          (try expanded($0.key.to(dtype: dtype), rows), try expanded($0.value.to(dtype: dtype), rows))
        })
    case .embeddings(let vectors):
      let own = KeyValueCache(layers: shape.layers)
      let ids = try Tensor.zeros([1, prompt.length], dtype: .int64, device: vectors.device)
      // Blocks that compute twice add nothing to a cache.
      let checkpoints = mode.gradientCheckpointing
      mode.gradientCheckpointing = false
      defer { mode.gradientCheckpointing = checkpoints }
      _ = try pass(ModelInput(ids: ids, embeddings: vectors.to(dtype: dtype).unsqueezed(0)), own)
      try cache.begin(
        with: (0..<shape.layers).compactMap { layer in
          try own.contents(of: layer).map {
            (try expanded($0.key.select(0, 0), rows), try expanded($0.value.select(0, 0), rows))
          }
        })
    }
  }

  /// [heads, tokens, d] for each of `rows` rows.
  private func expanded(_ tensor: Tensor, _ rows: Int) throws -> Tensor {
    try tensor.unsqueezed(0).expanded([rows] + tensor.shape)
  }
}
