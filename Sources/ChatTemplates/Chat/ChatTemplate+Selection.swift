/// Chooses among the templates of a tokenizer.
import JSON

extension ChatTemplate {
  /// The template to use out of `tokenizer_config.json`'s `chat_template`, chosen as transformers' `get_chat_template`
  /// does: a string is the template; of a list of `{name, template}`, "tool_use" is taken where there are tools, or
  /// else "default".
  ///
  /// - Parameters:
  ///   - config: the value of `chat_template`; null where the tokenizer has none.
  ///   - requested: the name of a template in the list, or a template to use instead of the tokenizer's.
  ///   - hasTools: whether tools are passed, even if there are none in the list.
  /// - Throws: `ChatTemplateError` when there is no template to choose.
  public static func source(
    in config: JSONValue, requested: String? = nil, hasTools: Bool = false
  ) throws -> String {
    guard case .array(let entries) = config else {
      if let requested { return requested }
      if case .string(let source) = config { return source }
      throw ChatTemplateError(
        "the tokenizer has none: add chat_template.jinja, or chat_template in tokenizer_config.json")
    }
    var named = JSONObject()
    for entry in entries {
      guard case .object(let entry) = entry, case .string(let name)? = entry["name"],
        let template = entry["template"], case .string = template
      else { throw ChatTemplateError("chat_template: every entry needs the strings name and template") }
      named[name] = template
    }
    if let requested {
      if case .string(let source)? = named[requested] { return source }
      return requested
    }
    for name in hasTools ? ["tool_use", "default"] : ["default"] {
      if case .string(let source)? = named[name] { return source }
    }
    throw ChatTemplateError(
      "the tokenizer has several chat templates and none is the default: name one of \(named.keys.sorted())")
  }
}
