import FineTuning
import Foundation
import Generation
import JSON
import Models
import NN
import PEFT
import Testing
import Tokenizers
import Torch

@testable import Serving

/// The endpoints, asked over real sockets.
@Suite(.serialized) struct ServerTests {
  static let model: String = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return root.deletingLastPathComponent().appendingPathComponent("Sources/Demo/Resources/demo-model").path
  }()

  /// A server with an adapter `tuned`, what it would write by itself, and an HTTP client's side of the port.
  final class Running {
    let port: Int
    let folder: String
    private let server: Server
    private let task: Task<Void, any Error>

    init(template: String? = nil, apiKeys: [String] = []) async throws {
      folder = NSTemporaryDirectory() + "serving-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Self.makeAdapter(at: folder + "/tuned")
      let tuned = try AdaptedPretrainedModel(
        folder: ServerTests.model, adapters: ["tuned=\(folder)/tuned"], dtype: .float32)
      let model = folder + "/model"
      try FileManager.default.copyItem(atPath: ServerTests.model, toPath: model)
      if let template { try Data(template.utf8).write(to: URL(filePath: model + "/chat_template.jinja")) }
      let server = try await Server(
        tuned, tokenizer: Tokenizer.load(folder: model), name: "demo",
        adapters: [("tuned", folder + "/tuned")],
        port: 0, apiKeys: apiKeys)
      self.server = server
      port = server.port
      task = Task { try await server.run() }
    }

    func stop() async throws {
      await server.stop(within: .seconds(5))
      try await task.value
      try FileManager.default.removeItem(atPath: folder)
    }

    /// A LoRA that changes what the model writes.
    private static func makeAdapter(at path: String) throws {
      let tuned = try AdaptedPretrainedModel(folder: ServerTests.model, dtype: .float32)
      var lora = LoRA()
      (lora.rank, lora.alpha) = (4, 32)
      lora.targeting.modules = .allLinear
      lora.initialization = .random
      try tuned.adapters.add(lora)
      try tuned.adapters.save(to: path)
    }

    /// The answer to one request: its status, its body, and the events of a stream.
    func ask(
      _ method: String, _ path: String, _ body: String = "", headers: String = ""
    ) throws -> (status: Int, body: String) {
      let client = try SocketClient(port: port)
      client.send(
        "\(method) \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\(headers)content-length: \(body.utf8.count)\r\n\r\n\(body)"
      )
      return try Self.parse(client.receive())
    }

    static func parse(_ answer: String) throws -> (status: Int, body: String) {
      let (head, rest) = try #require(
        answer.range(of: "\r\n\r\n").map { (answer[..<$0.lowerBound], answer[$0.upperBound...]) })
      let status = try #require(head.split(separator: " ").dropFirst().first.flatMap { Int($0) })
      guard head.lowercased().contains("transfer-encoding: chunked") else { return (status, String(rest)) }
      // Chunks: a length in hexadecimal on a line, so many bytes, an empty line.
      var (text, left) = ("", Array(rest.utf8)[...])
      while let end = left.firstIndex(of: 0x0D),
        let count = Int(String(decoding: left[..<end], as: UTF8.self), radix: 16),
        count > 0
      {
        text += String(decoding: left[(end + 2)..<(end + 2 + count)], as: UTF8.self)
        left = left[(end + 4 + count)...]
      }
      return (status, text)
    }

    func json(_ path: String, _ body: JSONValue) throws -> (status: Int, JSONValue) {
      let answer = try ask("POST", path, body.serialized())
      return (answer.status, try JSONValue.parse(answer.body))
    }

    func events(_ path: String, _ body: JSONValue) throws -> [JSONValue] {
      let answer = try ask("POST", path, body.serialized())
      let lines = answer.body.components(separatedBy: "\n\n").filter { !$0.isEmpty }
      #expect(lines.last == "data: [DONE]")
      return try lines.dropLast().map { try JSONValue.parse(String($0.dropFirst("data: ".count))) }
    }
  }

  /// What the library writes without a server.
  private func written(_ prompt: String, adapter: String?, tokens: Int) throws -> Completion {
    let tuned = try AdaptedPretrainedModel(
      folder: Self.model, adapters: adapter.map { [$0] } ?? [], dtype: .float32)
    let language = try #require(tuned.model as? any CausalLanguageModel)
    var options = SamplingOptions()
    options.maxNewTokens = tokens
    return try TextGenerator(language, tokenizer: Tokenizer.load(folder: Self.model)).generate(
      prompt, options)
  }

  private func completion(_ model: String, _ more: JSONObject = [:]) -> JSONValue {
    var body: JSONObject = [
      "model": .string(model), "prompt": "once upon", "max_tokens": 12, "temperature": 0,
    ]
    for (key, value) in more.members { body.updateValue(value, forKey: key) }
    return .object(body)
  }

  @Test func completionsAreThoseOfTheModelAndItsAdapters() async throws {
    let server = try await Running()
    let (base, tuned) = (
      try written("once upon", adapter: nil, tokens: 12),
      try written("once upon", adapter: "tuned=\(server.folder)/tuned", tokens: 12)
    )
    #expect(base.text != tuned.text)
    for (name, expected) in [("demo", base), ("tuned", tuned)] {
      let (status, answer) = try server.json("/v1/completions", completion(name))
      #expect(status == 200)
      #expect(answer["model"]?.stringValue == name)
      #expect(answer["object"]?.stringValue == "text_completion")
      #expect(answer["choices"]?[0]?["text"]?.stringValue == expected.text)
      #expect(answer["choices"]?[0]?["finish_reason"]?.stringValue == expected.finishReason.name)
      #expect(answer["usage"]?["completion_tokens"]?.intValue == expected.ids.count)
      let events = try server.events(
        "/v1/completions", completion(name, ["stream": true, "stream_options": ["include_usage": true]]))
      #expect(events.compactMap { $0["choices"]?[0]?["text"]?.stringValue }.joined() == expected.text)
      #expect(
        events.dropLast().last?["choices"]?[0]?["finish_reason"]?.stringValue == expected.finishReason.name)
      #expect(events.last?["usage"]?["completion_tokens"]?.intValue == expected.ids.count)
    }
    try await server.stop()
  }

  @Test func severalPromptsAndAnswersComeInOrder() async throws {
    let server = try await Running()
    let (_, answer) = try server.json(
      "/v1/completions", completion("demo", ["prompt": ["once upon", "the"], "n": 2]))
    let texts = answer["choices"]?.arrayValue?.compactMap { $0["text"]?.stringValue } ?? []
    let alone = try ["once upon", "the"].map { try written($0, adapter: nil, tokens: 12).text }
    #expect(texts == [alone[0], alone[0], alone[1], alone[1]])
    let drawn = completion("demo", ["temperature": 1.5, "seed": 3, "n": 2])
    let (first, again) = (
      try server.json("/v1/completions", drawn).1, try server.json("/v1/completions", drawn).1
    )
    #expect(first["choices"] == again["choices"])
    #expect(first["choices"]?[0]?["text"] != first["choices"]?[1]?["text"])
    try await server.stop()
  }

  @Test func chatsFollowTheTemplate() async throws {
    let server = try await Running(
      template: "{% for m in messages %}{{ m.content }}{% endfor %}")
    let expected = try written("once upon", adapter: nil, tokens: 12).text
    let parts: JSONValue = [["type": "text", "text": "once upon"]]
    for content in [JSONValue.string("once upon"), parts] {
      let body: JSONValue = [
        "model": "demo", "messages": [["role": "user", "content": content]], "max_completion_tokens": 12,
        "temperature": 0,
      ]
      let (status, answer) = try server.json("/v1/chat/completions", body)
      #expect(status == 200)
      #expect(answer["choices"]?[0]?["message"]?["content"]?.stringValue == expected)
    }
    let events = try server.events(
      "/v1/chat/completions",
      [
        "messages": [["role": "user", "content": "once upon"]], "max_tokens": 12, "temperature": 0,
        "stream": true,
      ])
    #expect(events.first?["choices"]?[0]?["delta"]?["role"]?.stringValue == "assistant")
    #expect(
      events.compactMap { $0["choices"]?[0]?["delta"]?["content"]?.stringValue }.joined() == expected)
    try await server.stop()
  }

  @Test func manyClientsAtOnceGetWhatEachGetsAlone() async throws {
    let server = try await Running()
    let expected = [
      "demo": try written("once upon", adapter: nil, tokens: 12).text,
      "tuned": try written("once upon", adapter: "tuned=\(server.folder)/tuned", tokens: 12).text,
    ]
    let clients = try (0..<12).map { index in
      let name = ["demo", "tuned"][index % 2]
      let body = completion(name).serialized()
      let client = try SocketClient(port: server.port)
      client.send(
        "POST /v1/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
      )
      return (name, client)
    }
    for (name, client) in clients {
      let answer = try JSONValue.parse(Running.parse(client.receive()).body)
      #expect(answer["choices"]?[0]?["text"]?.stringValue == expected[name])
    }
    try await server.stop()
  }

  @Test func adaptersComeAndGoWhileItRuns() async throws {
    let server = try await Running()
    func names() throws -> [String?] {
      try JSONValue.parse(server.ask("GET", "/v1/models").body)["data"]?.arrayValue?.map {
        $0["id"]?.stringValue
      } ?? []
    }
    #expect(try names() == ["demo", "tuned"])
    let before = try server.json("/v1/completions", completion("tuned")).1["choices"]?[0]?["text"]
    let load: JSONValue = ["lora_name": "second", "lora_path": .string(server.folder + "/tuned")]
    #expect(try server.json("/v1/load_lora_adapter", load).0 == 200)
    #expect(try names() == ["demo", "tuned", "second"])
    #expect(try server.json("/v1/load_lora_adapter", load).0 == 400)
    #expect(try server.json("/v1/completions", completion("second")).1["choices"]?[0]?["text"] == before)
    #expect(try server.json("/v1/unload_lora_adapter", ["lora_name": "tuned"]).0 == 200)
    #expect(try names() == ["demo", "second"])
    #expect(try server.json("/v1/completions", completion("tuned")).0 == 404)
    #expect(try server.json("/v1/completions", completion("second")).1["choices"]?[0]?["text"] == before)
    #expect(try server.json("/v1/unload_lora_adapter", ["lora_name": "tuned"]).0 == 404)
    let missing = try server.json("/v1/load_lora_adapter", ["lora_name": "x", "lora_path": "/nowhere"])
    #expect(missing.0 == 400)
    #expect(missing.1["error"]?["message"]?.stringValue?.contains("/nowhere") == true)
    try await server.stop()
  }

  @Test func keysAreAskedFor() async throws {
    let server = try await Running(apiKeys: ["first", "second-key", ""])
    func status(_ header: String?) throws -> (status: Int, body: String) {
      try server.ask("GET", "/v1/models", headers: header.map { "authorization: \($0)\r\n" } ?? "")
    }
    for header in ["Bearer first", "bearer second-key"] { #expect(try status(header).status == 200) }
    for header in [
      nil, "Bearer", "Bearer ", "Bearer firs", "Bearer first1", "Basic first", "first", "Bearer First",
    ] {
      let answer = try status(header)
      #expect(answer.status == 401)
      let error = try JSONValue.parse(answer.body)["error"]
      #expect(error?["code"] == "invalid_api_key" && error?["type"] == "invalid_request_error")
      #expect(!answer.body.contains("second-key"))
    }
    #expect(try server.ask("GET", "/health").status == 200)
    #expect(try server.ask("POST", "/v1/completions", "{}").status == 401)
    try await server.stop()
  }

  /// Against the model's own logits; whole and streamed, in completions and in chats.
  @Test func likelihoodsAreThoseOfTheLogits() async throws {
    let server = try await Running(template: "{% for m in messages %}{{ m.content }}{% endfor %}")
    let tokenizer = try Tokenizer.load(folder: Self.model)
    let tuned = try AdaptedPretrainedModel(folder: Self.model, dtype: .float32)
    let language = try #require(tuned.model as? any CausalLanguageModel)
    let prompt = try tokenizer.encode("once upon").ids
    let ids = try written("once upon", adapter: nil, tokens: 12).ids
    let scores = try withoutGradients {
      try language.logits(ModelInput(prompt + ids)).select(0, 0).logSoftmax()
    }
    let expected = try ids.enumerated().map { step, id in
      try scores.select(0, prompt.count - 1 + step).select(0, id).item()
    }
    func agrees(_ values: [Double?]) -> Bool {
      values.count == expected.count && zip(values, expected).allSatisfy { abs(($0 ?? 1) - $1) < 1e-4 }
    }
    let (_, answer) = try server.json("/v1/completions", completion("demo", ["logprobs": 3]))
    let table = try #require(answer["choices"]?[0]?["logprobs"])
    #expect(agrees(table["token_logprobs"]?.arrayValue?.map(\.doubleValue) ?? []))
    let tokens = (table["tokens"]?.arrayValue ?? []).compactMap(\.stringValue)
    #expect(tokens.joined().hasPrefix(answer["choices"]?[0]?["text"]?.stringValue ?? "?"))
    #expect(table["text_offset"]?[1]?.intValue == tokens.first?.count)
    // Greedy: the chosen one is the likeliest.
    let top = table["top_logprobs"]?[0]?.objectValue?.members ?? []
    #expect(
      top.count == 3 && top.compactMap(\.value.doubleValue).max() == table["token_logprobs"]?[0]?.doubleValue)

    let events = try server.events("/v1/completions", completion("demo", ["logprobs": 0, "stream": true]))
    #expect(
      agrees(
        events.flatMap { $0["choices"]?[0]?["logprobs"]?["token_logprobs"]?.arrayValue ?? [] }.map(
          \.doubleValue)))

    let offsets = events.compactMap { $0["choices"]?[0]?["logprobs"]?["text_offset"]?[0]?.intValue }
    #expect(offsets == (table["text_offset"]?.arrayValue ?? []).compactMap(\.intValue))

    var chat: JSONObject = [
      "messages": [["role": "user", "content": "once upon"]], "max_tokens": 12, "temperature": 0,
      "logprobs": true,
      "top_logprobs": 2,
    ]
    let content = try server.json("/v1/chat/completions", .object(chat)).1["choices"]?[0]?["logprobs"]?[
      "content"]
    #expect(agrees(content?.arrayValue?.map { $0["logprob"]?.doubleValue } ?? []))
    #expect(content?[0]?["top_logprobs"]?[0]?["token"] == content?[0]?["token"])
    chat["stream"] = true
    let parts = try server.events("/v1/chat/completions", .object(chat))
    #expect(
      agrees(
        parts.flatMap { $0["choices"]?[0]?["logprobs"]?["content"]?.arrayValue ?? [] }.map {
          $0["logprob"]?.doubleValue
        }))

    chat["logprobs"] = nil
    #expect(try server.json("/v1/chat/completions", .object(chat)).0 == 400)
    #expect(try server.json("/v1/completions", completion("demo", ["logprobs": 21])).0 == 400)
    try await server.stop()
  }
}
