/// The ids of the tokens that have a role, such as ending a text.
public struct SpecialTokens: Sendable, Hashable {
  /// Every role that is filled, by its name in `tokenizer_config.json` (`bos_token`), and the token that fills it.
  public let tokens: [String: String]
  private let ids: [String: Int]

  init(_ config: TokenizerConfig, names: TokenNames) {
    tokens = Dictionary(config.specialTokens.map { ($0.role, $0.token.content) }) { $1 }
    ids = tokens.compactMapValues { names.id($0) }
  }

  /// The id of the token with a role, by its name in `tokenizer_config.json`.
  public func id(_ role: String) -> Int? { ids[role] }

  /// The token that begins a text.
  public var bosTokenID: Int? { ids["bos_token"] }
  /// The token that ends a text.
  public var eosTokenID: Int? { ids["eos_token"] }
  /// The token that fills up short texts in a batch.
  public var padTokenID: Int? { ids["pad_token"] }
  /// The token for what is not in the vocabulary.
  public var unkTokenID: Int? { ids["unk_token"] }
  /// The token that stands for the whole text.
  public var clsTokenID: Int? { ids["cls_token"] }
  /// The token between two texts.
  public var sepTokenID: Int? { ids["sep_token"] }
  /// The token that hides another.
  public var maskTokenID: Int? { ids["mask_token"] }
}
