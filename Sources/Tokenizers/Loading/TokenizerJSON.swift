import JSON

/// Reads `tokenizer.json`: its components as values, the vocabulary and merges of its model straight into tables.
struct TokenizerJSON {
  private var root = JSONObject()
  private var model = ModelJSON()

  /// - Throws: `TokenizerError` when the document is not a tokenizer of a version this library knows.
  init(_ text: UnsafeBufferPointer<UInt8>) throws {
    var scanner = JSONScanner(text)
    var root = JSONObject()
    var model: ModelJSON?
    try scanner.members { scanner in
      let key = scanner.string
      if key == "model" {
        model = try ModelJSON(&scanner)
      } else {
        root.updateValue(try scanner.readValue(), forKey: key)
      }
    }
    guard scanner.peek() == 0 else { throw scanner.unexpected("the end") }
    guard let model else {
      throw TokenizerError("no model, in tokenizer.json: an object \"model\" is needed there")
    }
    self.root = root
    self.model = model
    let version = try fields().string("version", default: "1.0")
    guard version == "1.0" else {
      throw TokenizerError("version \"\(version)\", at tokenizer.json: only version 1.0 is known")
    }
  }

  private func fields() throws -> Fields { try Fields(.object(root), at: "tokenizer.json") }

  /// The parts the document describes.
  ///
  /// - Throws: `TokenizerError` naming what is unknown or malformed.
  func parts() throws -> TokenizerParts {
    let root = try fields()
    let isByteLevel = endsByteLevel(root["pre_tokenizer"])
    var parts = TokenizerParts(model: try model.make(isByteLevel: isByteLevel))
    let leavesBytes = (parts.model as? BPE)?.takesBytes ?? false
    parts.normalizer = try root["normalizer"].map { try normalizer($0, at: "normalizer") }
    parts.preTokenizer = try root["pre_tokenizer"].map {
      try preTokenizer($0, at: "pre_tokenizer", leavesBytes: leavesBytes)
    }
    parts.postProcessor = try root["post_processor"].map { try postProcessor($0, at: "post_processor") }
    parts.decoder = try root["decoder"].map { try decoder($0, at: "decoder") }
    parts.truncation = try root["truncation"].map { try Truncation(Fields($0, at: "truncation")) }
    parts.padding = try root["padding"].map { try Padding(Fields($0, at: "padding")) }
    if root["added_tokens"] != nil {
      parts.addedTokens = try root.parts("added_tokens") { try AddedToken(Fields($0, at: $1)) }
    }
    return parts
  }
}
