/// The filters that escape HTML or mark text as escaped.

extension Filters {
  static let markup: [Text: Builtin<Value>] = [
    "e": Builtin { value, _, _ in .string(try value.escaped()) },
    "escape": Builtin { value, _, _ in .string(try value.escaped()) },
    "forceescape": Builtin { value, _, _ in .string(Text(try value.text().string).escaped()) },
    "safe": Builtin { value, _, _ in .string(Text(try value.text().string, isMarkup: true)) },
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
