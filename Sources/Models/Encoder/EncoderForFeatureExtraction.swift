import NN
import Torch

/// An encoder without a head, whose hidden states are the result; its names have no prefix.
final class EncoderForFeatureExtraction: TextEncoder {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.featureExtraction
  let outputEmbeddingName: String? = nil
  let headNames: [String] = []
  private let body: any EncoderBody

  init(_ configuration: ModelConfiguration, _ design: EncoderDesign, _ store: VariableStore) throws {
    (self.configuration, self.store) = (configuration, store)
    body = try design.body(store.root)
  }

  var contextLength: Int { body.contextLength }
  var limitsLength: Bool { body.limitsLength }

  func hiddenStates(_ input: ModelInput) throws -> Tensor { try body(input) }

  /// [batch, tokens, d].
  func logits(_ input: ModelInput) throws -> Tensor { try body(input) }
}
