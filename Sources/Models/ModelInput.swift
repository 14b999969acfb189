import Torch

/// What a model is given: a batch of token ids, and what else is known of them.
public struct ModelInput {
  /// int64 [batch, tokens].
  public var ids: Tensor
  /// Which tokens are real and not padding, bool [batch, tokens]; nil when all are.
  public var attentionMask: Tensor?
  /// The place of each token in its text, int64 [batch or 1, tokens]; nil to count from the beginning of the row.
  public var positions: Tensor?
  /// The text that each token belongs to when several share a row, int64 [batch or 1, tokens].
  public var segments: Tensor?
  /// Which of two texts a token belongs to, int64 [batch, tokens] (BERT's `token_type_ids`).
  public var typeIDs: Tensor?
  /// What the decoder of an encoder-decoder is given, int64 [batch, tokens]; nil for `ids` behind the token that begins
  /// a text.
  public var decoderIDs: Tensor?
  /// float32 [batch, channels, height, width], prepared as the model wants them.
  public var pixels: Tensor?
  /// Embedded tokens [batch, tokens, d] to use in place of looking `ids` up (prompts that are learned).
  public var embeddings: Tensor?
  /// Whether the state of a soft prompt's last token comes before those of the text, for it tells the text's first token.
  public var keepsPromptEnd = false
  /// Tokens of the whole that this is the beginning of, where rotary angles depend on that; 0 for no more than there are.
  var wholeLength = 0

  public init(
    ids: Tensor, attentionMask: Tensor? = nil, positions: Tensor? = nil, segments: Tensor? = nil,
    typeIDs: Tensor? = nil, decoderIDs: Tensor? = nil, embeddings: Tensor? = nil
  ) {
    (self.ids, self.attentionMask, self.positions) = (ids, attentionMask, positions)
    (self.segments, self.typeIDs, self.embeddings) = (segments, typeIDs, embeddings)
    self.decoderIDs = decoderIDs
  }

  /// Pictures [batch, channels, height, width], and no text.
  public init(pixels: Tensor) throws {
    self.init(ids: try Tensor.zeros([pixels.shape.first ?? 0, 0], dtype: .int64, device: pixels.device))
    self.pixels = pixels
  }

  /// One text alone.
  public init(_ ids: [Int]) throws { self.init(ids: try Tensor(ids, shape: [1, ids.count])) }
}
