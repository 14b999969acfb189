import NN
import Torch

/// A text as the encoder has read it.
public struct EncodedText {
  /// [batch, tokens, d].
  public var hidden: Tensor
  /// Which of its tokens are seen, bool [batch, 1, 1, tokens]; nil for all.
  public var visible: Tensor?
  /// Learned keys and values that stand before the text that answers it, for each layer of the decoder.
  var prefix: [(key: Tensor, value: Tensor)]?

  /// The given rows, in the given order; int64 [rows].
  public func selecting(rows: Tensor) throws -> EncodedText {
    EncodedText(
      hidden: try hidden.indexSelect(0, rows), visible: try visible?.indexSelect(0, rows), prefix: prefix)
  }
}

/// What a decoder that reads a source keeps from token to token.
public final class EncoderDecoderCache {
  /// Of the tokens that were written.
  public let own: KeyValueCache
  /// The keys and values of the source, for each layer that has computed them.
  var memories: [(key: Tensor, value: Tensor)?]

  public init(layers count: Int) {
    own = KeyValueCache(layers: count)
    memories = Array(repeating: nil, count: count)
  }

  /// Keeps the given rows of the batch, in the given order; int64 [rows].
  ///
  /// - Parameter source: whether rows may be of other sources than before.
  public func select(rows: Tensor, source: Bool = true) throws {
    try own.select(rows: rows)
    guard source else { return }
    memories = try memories.map { memory in
      try memory.map { (try $0.key.indexSelect(0, rows), try $0.value.indexSelect(0, rows)) }
    }
  }
}

/// What all layers of one pass through a half share.
struct EncoderDecoderContext {
  let pass: ForwardPass
  /// Bool, or added to the scores; nil when ``isCausal`` says it all.
  var mask: Tensor?
  let isCausal: Bool
  /// What the decoder reads.
  var source: EncodedText?
  let cache: EncoderDecoderCache?
}
