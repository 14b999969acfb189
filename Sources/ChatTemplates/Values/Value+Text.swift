/// Python's `str` and `repr`.

extension Value {
  /// `str(value)`, which is also what `{{ value }}` writes.
  func text() throws -> Text {
    switch self {
    case .undefined: ""
    case .string(let text): Text(text.string)
    default: Text(try represented())
    }
  }

  /// `repr(value)`, which is how values print inside lists and dictionaries.
  func represented() throws -> String {
    var representation = Representation()
    try representation.write(self, depth: 0)
    return representation.output
  }
}

private struct Representation {
  var output = ""
  /// The namespaces that are being written: one inside itself is cut short.
  private var open: Set<ObjectIdentifier> = []

  mutating func write(_ value: Value, depth: Int) throws {
    guard depth <= Limits.containers else {
      throw ChatTemplateError("maximum recursion depth exceeded while getting the repr of an object")
    }
    guard output.utf8.count <= Limits.text else {
      throw ChatTemplateError("a text would grow beyond \(Limits.text) bytes: print less of it")
    }
    switch value {
    case .undefined: output += "Undefined"
    case .none: output += "None"
    case .bool(let flag): output += flag ? "True" : "False"
    case .int(let value): output += try value.checkedDescription()
    case .float(let value): output += value.represented
    case .string(let text): output += text.isMarkup ? "Markup(\(text.represented))" : text.represented
    case .bytes(let bytes): output += bytes.represented
    case .list(let items): try write(items.values, in: ("[", "]"), depth: depth)
    case .tuple(let items):
      try write(items.values, in: ("(", items.values.count == 1 ? ",)" : ")"), depth: depth)
    case .dict(let mapping): try write(mapping, depth: depth)
    case .view(let view):
      output += view.typeName + "("
      try write(try view.values(), in: ("[", "]"), depth: depth)
      output += ")"
    case .range(let range):
      output += "range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))"
    case .iterator(let iterator): output += "<\(iterator.typeName) object>"
    case .function(let function): output += function.description
    case .object(let object as Namespace): try write(object, depth: depth)
    case .object(let object): output += try object.represented()
    }
  }

  private mutating func write(_ values: [Value], in brackets: (String, String), depth: Int) throws {
    output += brackets.0
    for (index, value) in values.enumerated() {
      if index > 0 { output += ", " }
      try write(value, depth: depth + 1)
    }
    output += brackets.1
  }

  private mutating func write(_ mapping: Mapping, depth: Int) throws {
    output += "{"
    for (index, entry) in mapping.entries.enumerated() {
      if index > 0 { output += ", " }
      try write(entry.key, depth: depth + 1)
      output += ": "
      try write(entry.value, depth: depth + 1)
    }
    output += "}"
  }

  private mutating func write(_ namespace: Namespace, depth: Int) throws {
    output += "<Namespace "
    if open.insert(ObjectIdentifier(namespace)).inserted {
      try write(namespace.attributes, depth: depth)
      open.remove(ObjectIdentifier(namespace))
    } else {
      output += "{...}"
    }
    output += ">"
  }
}

extension Integer {
  /// The decimal digits, unless there are more than Python prints.
  func checkedDescription() throws -> String {
    guard magnitude.bitWidth <= Limits.integerDigits * 10 / 3 + 8 else { throw Limits.tooManyDigits }
    let digits = description
    guard digits.utf8.count <= Limits.integerDigits + 1 else { throw Limits.tooManyDigits }
    return digits
  }
}

extension Text {
  /// `repr` of a string: in single quotes, unless it has single quotes and no double ones.
  var represented: String {
    let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
    var output = String.UnicodeScalarView([quote])
    for scalar in scalars {
      switch scalar {
      case quote, "\\": output.append(contentsOf: ["\\", scalar])
      case "\n": output.append(contentsOf: ["\\", "n"])
      case "\r": output.append(contentsOf: ["\\", "r"])
      case "\t": output.append(contentsOf: ["\\", "t"])
      case _ where scalar.isPrintable: output.append(scalar)
      default: output.append(contentsOf: scalar.escaped.unicodeScalars)
      }
    }
    output.append(quote)
    return String(output)
  }
}

extension Unicode.Scalar {
  /// The shortest of `\xhh`, `\uhhhh` and `\Uhhhhhhhh` that spells the scalar.
  var escaped: String {
    switch value {
    case ..<0x100: "\\x" + hexadecimal(2)
    case ..<0x10000: "\\u" + hexadecimal(4)
    default: "\\U" + hexadecimal(8)
    }
  }

  private func hexadecimal(_ width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
