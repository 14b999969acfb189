/// The methods of Python's `bytes` that lead back to texts.
enum BytesMethods {
  static func method(_ name: Text, of receiver: Bytes) -> Value? {
    guard let builtin = table[name] else { return nil }
    return .function(
      NativeFunction(name.string) { arguments, interpreter in
        try interpreter.budget.spend(receiver.values.count / 16)
        return try builtin.call(receiver, as: name, arguments, in: interpreter)
      })
  }

  private static let table: [Text: Builtin<Bytes>] = [
    "decode": Builtin("encoding?", "errors?") { bytes, arguments, interpreter in
      try interpreter.budget.spendText(bytes: bytes.values.count * 4)
      let encoding = try TextEncoding(arguments[0] == nil ? "utf-8" : arguments.text(0))
      return .string(try encoding.decode(bytes, errors: arguments[1] == nil ? "strict" : arguments.text(1)))
    },
    "hex": .positional { bytes, _, interpreter in
      try interpreter.budget.spendText(bytes: bytes.values.count * 2)
      let digits = bytes.values.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      return .text(digits.joined())
    },
  ]
}

extension StringMethods {
  static let encoding: [Text: Builtin<Text>] = [
    "encode": Builtin("encoding?", "errors?") { text, arguments, interpreter in
      // A character may be spelled out.
      try interpreter.budget.spendText(bytes: text.utf8.count * 4)
      let encoding = try TextEncoding(arguments[0] == nil ? "utf-8" : arguments.text(0))
      return .bytes(try encoding.encode(text, errors: arguments[1] == nil ? "strict" : arguments.text(1)))
    }
  ]
}
