import JSON
import Models

/// Tokens that an encoder-decoder's text must begin and, at its full length, end with (a language's code, for one).
struct ForcedTokens {
  var first: Int?
  var last: Int?

  /// Those of generation_config.json, else of config.json: `forced_bos_token_id` and `forced_eos_token_id`.
  init(_ config: ModelConfiguration) throws {
    func id(_ key: String) throws -> Int? { try config.generation[key]?.intValue ?? config.optional(key) }
    (first, last) = (try id("forced_bos_token_id"), try id("forced_eos_token_id"))
  }

  init() {}

  /// The token that must come now, if any.
  ///
  /// - Parameter count: of the tokens that are there, without the one that the decoder began with.
  func token(at count: Int, of longest: Int) -> Int? {
    if count == 0, let first { return first }
    return count == longest - 1 ? last : nil
  }
}
