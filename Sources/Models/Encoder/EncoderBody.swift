import NN
import Torch

/// What lies below an encoder's heads.
protocol EncoderBody: AnyObject {
  /// The longest text in tokens.
  var contextLength: Int { get }
  /// Whether longer texts are beyond it.
  var limitsLength: Bool { get }
  /// The table of words, which heads that name words share.
  var words: Embedding { get }
  /// The last hidden states [batch, tokens, d].
  func callAsFunction(_ input: ModelInput) throws -> Tensor
  /// Those of the texts' first tokens [batch, d].
  func firstStates(_ input: ModelInput) throws -> Tensor
}

extension EncoderBody {
  var limitsLength: Bool { true }

  func firstStates(_ input: ModelInput) throws -> Tensor { try self(input).select(1, 0) }
}

/// A family's model before its task is known: how to build the body, and what the heads look like.
struct EncoderDesign {
  var heads: EncoderHeads
  var body: (Path) throws -> any EncoderBody
}

extension EncoderDesign {
  init(_ encoder: EncoderConfiguration) {
    self.init(heads: encoder.heads) { try Encoder($0, encoder) }
  }
}
