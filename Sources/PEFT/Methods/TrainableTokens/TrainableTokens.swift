import Configuration
import NN
import Torch

/// Rows of the embedding for a few tokens, trained as they are.
///
/// New tokens can be taught without training, or saving, a whole table. Where the output layer shares the table, it
/// sees the same rows. Fields, defaults and files as Hugging Face PEFT's `TrainableTokensConfig`.
public struct TrainableTokens: AdapterMethod {
  public static let peftType = "TRAINABLE_TOKENS"

  public var tokens: [Int] = []
  /// Nil: the input embedding.
  public var targeting = Targeting()
  public var startsFromBase = true

  public init() {}

  public static let fields: [Field<TrainableTokens>] = [
    Field("token_indices", \.tokens, "ids of the tokens whose rows are trained"),
    Field("target_modules", \.targeting.modules, "embeddings, by names or a regular expression"),
    Field("init_weights", \.startsFromBase, "begin with the base's rows; false for random ones"),
  ]

  public func validate() throws {
    try TokenSelection.inputEmbedding(tokens).validate("token_indices")
    try targeting.validate()
  }

  public func supports(_ kind: LayerKind) -> Bool {
    switch kind {
    case .embedding, .linear: true
    default: false
    }
  }

  public mutating func settle(for traits: ModelTraits, layers: [any AdaptableLayer]) throws {
    targeting.modules = targeting.modules ?? layers.inputEmbedding.map { .names([$0.name]) }
  }

  public func makeAdapter(for layer: any AdaptableLayer, context: InjectionContext) throws -> any LayerAdapter
  {
    guard !tokens.isEmpty else {
      throw ConfigurationError("token_indices", value: "[]", rule: "must name at least one token id")
    }
    return try TokenRows(
      tokens, of: layer, named: "trainable_tokens_delta", isRandom: !startsFromBase, context)
  }
}
