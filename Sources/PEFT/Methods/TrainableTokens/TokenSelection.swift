import Configuration
import JSON

/// Tokens whose rows are trained (`trainable_token_indices`): a list for the input embedding, or one for each module.
public enum TokenSelection: Hashable, Sendable {
  case inputEmbedding([Int])
  /// In the order of the file.
  case modules([String], [[Int]])

  func validate(_ field: String) throws {
    let lists: [[Int]] =
      switch self {
      case .inputEmbedding(let tokens): [tokens]
      case .modules(_, let lists): lists
      }
    for tokens in lists {
      if let negative = tokens.first(where: { $0 < 0 }) {
        throw ConfigurationError(field, value: negative, rule: "must be token ids, from 0 on")
      }
      guard Set(tokens).count == tokens.count else {
        throw ConfigurationError(field, value: tokens, rule: "must name each token once")
      }
    }
  }
}

extension TokenSelection: ConfigurationValue {
  public init?(json: JSONValue) {
    if let tokens = [Int](json: json) {
      self = .inputEmbedding(tokens)
    } else if let object = json.objectValue {
      let lists = object.compactMap { [Int](json: $0.value) }
      guard lists.count == object.count else { return nil }
      self = .modules(Array(object.keys), lists)
    } else {
      return nil
    }
  }

  public var json: JSONValue {
    switch self {
    case .inputEmbedding(let tokens): tokens.json
    case .modules(let names, let lists):
      .object(JSONObject(zip(names, lists).map { (key: $0, value: $1.json) }))
    }
  }

  public static var kind: String { "a list of token ids, or an object of module names and such lists" }
}
