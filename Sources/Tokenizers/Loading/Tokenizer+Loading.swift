import Foundation
import JSON

/// Making tokenizers from files.
extension Tokenizer {
  /// The tokenizer that the document `json`, in the format of `tokenizer.json`, describes.
  ///
  /// - Throws: `TokenizerError` naming what is unknown or malformed.
  public convenience init(json: JSONValue) throws {
    try self.init(parts(Data(json.serialized(ascii: false).utf8), "tokenizer.json"))
  }

  /// The tokenizer in the file at `path`, in the format of `tokenizer.json`.
  ///
  /// - Throws: `TokenizerError` naming what is missing, unknown or malformed.
  public convenience init(path: String) throws {
    try self.init(parts(try contents(path), path))
  }

  /// The tokenizer in a model's folder, in any of the layouts that models come in: `tokenizer.json`, or else
  /// SentencePiece's `tokenizer.model`, a tiktoken file, `vocab.json` with `merges.txt`, or `vocab.txt`; together with
  /// what `tokenizer_config.json` and `special_tokens_map.json` say.
  ///
  /// - Throws: `TokenizerError` naming what is missing, unknown or malformed.
  public static func load(folder: String) throws -> Tokenizer {
    let files = ModelFolder(folder)
    let config = try TokenizerConfig(files)
    if let json = try files.data("tokenizer.json") {
      var parts = try parts(json, files.path("tokenizer.json"))
      parts.config = config
      return try Tokenizer(parts)
    }
    guard let parts = try otherLayout(files, config) else {
      throw TokenizerError(
        "no tokenizer, in \(folder): put a tokenizer.json there, or a tokenizer.model, a tiktoken file, vocab.json and "
          + "merges.txt, or a vocab.txt")
    }
    return try Tokenizer(parts)
  }
}

/// The files beside a model.
struct ModelFolder {
  let path: String

  init(_ path: String) { self.path = path }

  func path(_ name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

  /// The names of all files.
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

  /// The contents of a file, or nil when there is none.
  func bytes(_ name: String) throws -> [UInt8]? { try data(name).map(Array.init) }

  /// The contents of a file, or nil when there is none.
  func data(_ name: String) throws -> Data? {
    let path = path(name)
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try contents(path)
  }

  func json(_ name: String) throws -> JSONValue? {
    guard let bytes = try bytes(name) else { return nil }
    return try parsed(bytes, path(name))
  }

  func text(_ name: String) throws -> String? { try bytes(name).map { String(decoding: $0, as: UTF8.self) } }
}

private func contents(_ path: String) throws -> Data {
  guard let data = FileManager.default.contents(atPath: path) else {
    throw TokenizerError("file \(path), to be read: it is not there or not readable")
  }
  return data
}

/// The parts that the text of a `tokenizer.json` describes.
private func parts(_ json: Data, _ path: String) throws -> TokenizerParts {
  do {
    return try json.withUnsafeBytes { try TokenizerJSON($0.bindMemory(to: UInt8.self)).parts() }
  } catch let error as TokenizerError {
    throw TokenizerError("\(path): \(error.message)")
  }
}

private func parsed(_ bytes: [UInt8], _ path: String) throws -> JSONValue {
  do {
    return try JSONValue.parse(bytes)
  } catch {
    throw TokenizerError("\(path): \(error)")
  }
}
