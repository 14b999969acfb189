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
  /// - Returns: the hidden states of the text [batch, tokens, d]; see ``ModelInput/keepsPromptEnd`` for one more.
  func lead(
    _ input: ModelInput, _ cache: KeyValueCache?, _ pass: (ModelInput, KeyValueCache?) throws -> Tensor
  ) throws -> Tensor {
    guard let prompt = working else { return try pass(input, cache) }
    let cache = cache ?? KeyValueCache(layers: shape.layers)
    let rows = input.ids.shape[0]
    let end = try cache.length == 0 ? fill(cache, with: prompt, before: input, pass) : nil
    var input = input
    // Texts count from their own beginning.
    input.positions = try input.positions.map { try $0 + Tensor(prompt.length) }
    let states = try pass(input, cache)
    guard input.keepsPromptEnd, let end else { return states }
    return try .cat([end.expanded([rows, 1, end.shape[2]]), states], dim: 1)
  }

  /// - Returns: the state of the prompt's last token [1, 1, d]; nil for a prompt that has none.
  private func fill(
    _ cache: KeyValueCache, with prompt: any SoftPrompt, before input: ModelInput,
    _ pass: (ModelInput, KeyValueCache?) throws -> Tensor
  ) throws -> Tensor? {
    let (dtype, rows) = (embedding.weight.dtype, input.ids.shape[0])
    switch try prompt.content() {
    case .keysAndValues(let learned):
      try cache.begin(
        with: learned.map {
          (try expanded($0.key.to(dtype: dtype), rows), try expanded($0.value.to(dtype: dtype), rows))
        })
      return nil
    case .embeddings(let vectors):
      let own = KeyValueCache(layers: shape.layers)
      let ids = try Tensor.zeros([1, prompt.length], dtype: .int64, device: vectors.device)
      // Blocks that compute twice add nothing to a cache.
      let checkpoints = mode.gradientCheckpointing
      mode.gradientCheckpointing = false
      defer { mode.gradientCheckpointing = checkpoints }
      var alone = ModelInput(ids: ids, embeddings: try vectors.to(dtype: dtype).unsqueezed(0))
      let length = try input.positions.map { try $0.max().item(of: Int.self) + 1 } ?? input.ids.shape[1]
      alone.wholeLength = prompt.length + length
      let states = try pass(alone, own)
      try cache.begin(
        with: (0..<shape.layers).compactMap { layer in
          try own.contents(of: layer).map {
            (try expanded($0.key.select(0, 0), rows), try expanded($0.value.select(0, 0), rows))
          }
        })
      return try states.slice(1, from: prompt.length - 1)
    }
  }

  /// [heads, tokens, d] for each of `rows` rows.
  private func expanded(_ tensor: Tensor, _ rows: Int) throws -> Tensor {
    try tensor.unsqueezed(0).expanded([rows] + tensor.shape)
  }
}
