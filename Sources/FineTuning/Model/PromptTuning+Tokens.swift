import Configuration
import JSON
import Models
import PEFT
import Tokenizers

extension PromptTuning {
  /// The same with the tokens of the text that it starts from, if it does.
  ///
  /// - Parameter model: the base's folder or id, whose tokenizer is used when no other is named.
  /// - Throws: ``ConfigurationError`` when there is no tokenizer, or the text has no token.
  func tokenized(for model: String) throws -> PromptTuning {
    guard start == .text, let text else { return self }
    guard tokenizerOptions.isNull || tokenizerOptions.objectValue?.isEmpty == true else {
      throw ConfigurationError(
        "tokenizer_kwargs", value: tokenizerOptions.serialized(), rule: "is not supported here: leave it out")
    }
    let name = tokenizer ?? model
    guard let tokenizer = try ModelFolder(name).tokenizer() else {
      throw ConfigurationError(
        "tokenizer_name_or_path", value: "'\(name)'",
        rule: "must hold tokenizer.json, to read the prompt's text")
    }
    var prompt = self
    let ids = try tokenizer.encode(text).ids
    guard !ids.isEmpty else {
      throw ConfigurationError("prompt_tuning_init_text", value: "'\(text)'", rule: "must have a token")
    }
    (prompt.textIDs, prompt.tokenizer) = (ids, name)
    return prompt
  }
}
