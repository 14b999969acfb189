import JSON

/// Turns tokens back into text, one step of it. Tokens are bytes here, since some are parts of characters.
protocol Decoder: Sendable {
  func decode(_ tokens: inout [[UInt8]]) throws

  /// Whether the last token ends inside a character, which the next one may complete.
  func endsInsideCharacter(_ tokens: [[UInt8]]) throws -> Bool
}

extension Decoder {
  func endsInsideCharacter(_ tokens: [[UInt8]]) throws -> Bool { false }
}

/// The decoder that `value`, from `tokenizer.json`, describes.
///
/// - Throws: `TokenizerError` naming what is unknown or malformed.
func decoder(_ value: JSONValue, at path: String) throws -> any Decoder {
  let fields = try Fields(value, at: path)
  switch fields.type {
  case "Sequence": return DecoderSequence(parts: try fields.parts("decoders", decoder(_:at:)))
  case "ByteLevel": return ByteLevelDecoder()
  case "ByteFallback": return ByteFallbackDecoder()
  case "Fuse": return FuseDecoder()
  case "Replace": return try ReplaceDecoder(fields)
  case "Strip": return try StripDecoder(fields)
  case "Metaspace": return try MetaspaceDecoder(fields)
  case "WordPiece": return try WordPieceDecoder(fields)
  case "BPEDecoder": return try BPEDecoder(fields)
  case "CTC": return try CTCDecoder(fields)
  default: throw fields.unknown("decoder")
  }
}

/// One decoder after the other.
struct DecoderSequence: Decoder {
  let parts: [any Decoder]

  func decode(_ tokens: inout [[UInt8]]) throws {
    for part in parts { try part.decode(&tokens) }
  }

  func endsInsideCharacter(_ tokens: [[UInt8]]) throws -> Bool {
    var tokens = tokens
    for part in parts {
      if try part.endsInsideCharacter(tokens) { return true }
      try part.decode(&tokens)
    }
    return false
  }
}

/// Joins all tokens into one.
struct FuseDecoder: Decoder {
  func decode(_ tokens: inout [[UInt8]]) { tokens = [Array(tokens.joined())] }
}
