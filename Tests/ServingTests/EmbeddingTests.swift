import Files
import FineTuning
import Foundation
import JSON
import Models
import NN
import Safetensors
import Testing
import Tokenizers
import Torch

@testable import Serving

/// Vectors over HTTP against those of sentence-transformers' way of pooling.
@Suite(.serialized) struct EmbeddingTests {
  private static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/sentences"

  private func serving(_ body: (Int) throws -> Void) async throws {
    let tuned = try AdaptedPretrainedModel(folder: Self.folder, task: .featureExtraction, dtype: .float32)
    let server = try await Server(
      tuned, tokenizer: Tokenizer.load(folder: Self.folder), name: "bert", port: 0,
      layout: SentenceLayout(ModelFolder(Self.folder)))
    let port = server.port
    let task = Task { try await server.run() }
    try body(port)
    await server.stop(within: .seconds(5))
    try await task.value
  }

  private func ask(_ port: Int, _ path: String, _ body: JSONValue) throws -> (status: Int, JSONValue) {
    let (client, text) = (try SocketClient(port: port), body.serialized())
    client.send(
      "POST \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: \(text.utf8.count)\r\n\r\n\(text)"
    )
    let answer = try ServerTests.Running.parse(client.receive())
    return (answer.status, try JSONValue.parse(answer.body))
  }

  @Test func vectorsAreThoseOfTheReference() async throws {
    let lines = String(decoding: try WholeFile.read(Self.folder + "/texts.jsonl"), as: UTF8.self).split(
      separator: "\n")
    let texts = try lines.compactMap { try JSONValue.parse(String($0))["text"]?.stringValue }
    let file = try SafetensorsFile(path: Self.folder + "/expected.safetensors")
    let expected = try file.allTensors()["normalized"]?.array(of: Float.self) ?? []
    try await serving { port in
      let (status, answer) = try ask(
        port, "/v1/embeddings", ["model": "bert", "input": .array(texts.map(JSONValue.string))])
      #expect(status == 200 && answer["object"] == "list" && answer["model"] == "bert")
      let vectors =
        answer["data"]?.arrayValue?.map { $0["embedding"]?.arrayValue?.compactMap(\.doubleValue) ?? [] } ?? []
      #expect(vectors.count == texts.count)
      let values = vectors.flatMap { $0 }
      #expect(values.count == expected.count && !expected.isEmpty)
      #expect(zip(values, expected).allSatisfy { abs($0 - Double($1)) < 1e-5 })
      #expect((answer["usage"]?["prompt_tokens"]?.intValue ?? 0) > texts.count)

      // One text alone, in bytes.
      let one = try ask(port, "/v1/embeddings", ["input": .string(texts[1]), "encoding_format": "base64"]).1
      let bytes = try #require(Data(base64Encoded: one["data"]?[0]?["embedding"]?.stringValue ?? ""))
      let first = bytes.prefix(4).enumerated().reduce(UInt32(0)) {
        $0 | UInt32($1.element) << UInt32(8 * $1.offset)
      }
      #expect(
        bytes.count == vectors[1].count * 4 && abs(Double(Float(bitPattern: first)) - vectors[1][0]) < 1e-5)
    }
  }

  @Test func mistakesAreNamed() async throws {
    try await serving { port in
      for input in [JSONValue.null, "", [], [""], [1, 2], 3] {
        let (status, answer) = try ask(port, "/v1/embeddings", ["input": input])
        #expect(status == 400 && answer["error"]?["param"] == "input", "\(input)")
      }
      #expect(try ask(port, "/v1/embeddings", ["input": "a", "encoding_format": "int8"]).status == 400)
      #expect(try ask(port, "/v1/embeddings", ["input": "a", "dimensions": 8]).status == 400)
      #expect(try ask(port, "/v1/embeddings", ["input": "a", "model": "other"]).status == 404)
      let writing = try ask(port, "/v1/completions", ["prompt": "a"])
      #expect(writing.status == 400)
      #expect(writing.1["error"]?["message"]?.stringValue?.contains("/v1/embeddings") == true)
    }
  }
}
