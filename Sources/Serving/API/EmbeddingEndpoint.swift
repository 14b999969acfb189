import Foundation
import JSON
import NIOHTTP1
import Tokenizers

/// `POST /v1/embeddings`: texts to vectors.
struct EmbeddingEndpoint: Sendable {
  let models: ServedModels
  let engine: ServingEngine
  let tokenizer: Tokenizer

  /// Texts of one request, as with OpenAI.
  private static let mostTexts = 2048

  /// - Throws: ``APIError`` for fields that make no sense, and what is wrong with a text.
  func answer(_ body: [UInt8]) async throws -> HTTPAnswer {
    let fields = try RequestFields(body)
    try fields.refuse(["dimensions"])
    let texts = try texts(fields)
    let format = try fields.string("encoding_format") ?? "float"
    guard ["float", "base64"].contains(format) else {
      throw APIError.invalid("encoding_format", "is '\(format)': must be float or base64")
    }
    let adapter = try models.adapter(fields.string("model"))
    let count = try texts.reduce(0) { try $0 + tokenizer.encode($1).ids.count }
    let vectors = try await engine.embed(texts, adapter: adapter)
    let data = vectors.enumerated().map { index, vector -> JSONValue in
      [
        "object": "embedding", "index": .int(index),
        "embedding": format == "base64"
          ? .string(Self.base64(vector)) : .array(vector.map { .double(Double($0)) }),
      ]
    }
    return .json(
      .ok,
      [
        "object": "list", "data": .array(data), "model": .string(adapter ?? models.base),
        "usage": ["prompt_tokens": .int(count), "total_tokens": .int(count)],
      ])
  }

  private func texts(_ fields: RequestFields) throws -> [String] {
    let texts = try fields.strings("input")
    guard !texts.isEmpty, texts.count <= Self.mostTexts, !texts.contains("") else {
      throw APIError.invalid(
        "input", "must be a text, or from 1 to \(Self.mostTexts) of them in an array, and none empty")
    }
    return texts
  }

  /// Numbers of 32 bits, the lowest byte first.
  private static func base64(_ vector: [Float]) -> String {
    var bytes = Data(capacity: vector.count * 4)
    for value in vector {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes.base64EncodedString()
  }
}
