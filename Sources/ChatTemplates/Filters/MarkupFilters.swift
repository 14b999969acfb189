/// The filters that write, escape or remove HTML.

extension Filters {
  static let markup: [Text: Builtin<Value>] = [
    "e": Builtin { value, _, _ in .string(try value.escaped()) },
    "escape": Builtin { value, _, _ in .string(try value.escaped()) },
    "forceescape": Builtin { value, _, _ in .string(Text(try value.text().string).escaped()) },
    "safe": Builtin { value, _, _ in .string(Text(try value.text().string, isMarkup: true)) },
    "striptags": Builtin { value, _, _ in .string(try value.text().strippingTags()) },
    "urlize": Builtin("trim_url_limit?", "nofollow?", "target?", "rel?", "extra_schemes?") {
      value, arguments, interpreter in
      .string(try linkWriter(arguments, interpreter).links(in: softText(value)))
    },
    "xmlattr": Builtin("autospace?") { value, arguments, _ in
      guard case .dict(let mapping) = value else {
        throw ChatTemplateError("'\(value.typeName)' object has no attribute 'items'")
      }
      var attributes = ""
      for (key, value) in mapping.entries where !value.isNone && !value.isUndefined {
        guard case .string(let name) = key else {
          throw ChatTemplateError("expected string or bytes-like object, got '\(key.typeName)'")
        }
        if name.scalars.contains(where: { " \t\n\r\u{B}\u{C}/>=".unicodeScalars.contains($0) }) {
          throw ChatTemplateError("Invalid character in attribute name: \(name.represented)")
        }
        attributes +=
          (attributes.isEmpty ? "" : " ") + "\(try key.escaped().string)=\"\(try value.escaped().string)\""
      }
      return .text(attributes.isEmpty || !arguments.flag(0, default: true) ? attributes : " " + attributes)
    },
  ]

  private static func linkWriter(_ arguments: Bound, _ interpreter: Interpreter) throws -> LinkWriter {
    var relations = Set(try arguments.optionalText(3)?.words(limit: .max, fromEnd: false) ?? [])
    // Where Jinja's policies have their say.
    relations.insert("noopener")
    if arguments.flag(1) { relations.insert("nofollow") }
    let schemes =
      try arguments[4].map { $0.isNone ? [] : try $0.elements(interpreter.budget).map { try $0.text() } }
      ?? []
    if let wrong = schemes.first(where: { !WebAddress.isScheme($0) }) {
      throw ChatTemplateError("\(wrong.represented) is not a valid URI scheme prefix.")
    }
    return LinkWriter(
      limit: try arguments.optionalInt(0),
      relation: relations.sorted().map(\.string).joined(separator: " "),
      target: try arguments.optionalText(2)?.string ?? "", schemes: schemes)
  }
}

extension Text {
  /// With the characters that HTML gives a meaning spelled out, unless that is done already.
  func escaped() -> Text {
    if isMarkup { return self }
    var output = ""
    for scalar in scalars {
      switch scalar {
      case "&": output += "&amp;"
      case "<": output += "&lt;"
      case ">": output += "&gt;"
      case "\"": output += "&#34;"
      case "'": output += "&#39;"
      default: output.unicodeScalars.append(scalar)
      }
    }
    return Text(output, isMarkup: true)
  }
}

extension Value {
  func escaped() throws -> Text {
    if case .string(let text) = self { text.escaped() } else { try text().escaped() }
  }
}
