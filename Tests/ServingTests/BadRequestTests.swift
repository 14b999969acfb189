import Foundation
import JSON
import Testing

@testable import Serving

/// Whatever a client sends or leaves out, it gets an error in JSON, and the next one is served.
@Suite(.serialized) struct BadRequestTests {
  private static let requests: [(path: String, body: String, status: Int, words: String)] = [
    ("/v1/completions", "", 400, "JSON"),
    ("/v1/completions", "{", 400, "line 1"),
    ("/v1/completions", "[1]", 400, "object"),
    ("/v1/completions", "{}", 400, "prompt"),
    ("/v1/completions", #"{"prompt": 7}"#, 400, "prompt"),
    ("/v1/completions", #"{"prompt": []}"#, 400, "prompt"),
    ("/v1/completions", #"{"prompt": [1, 99999999]}"#, 400, "99999999"),
    ("/v1/completions", #"{"prompt": [[1], []]}"#, 400, "no tokens"),
    ("/v1/completions", #"{"prompt": "a", "model": "other"}"#, 404, "demo"),
    ("/v1/completions", #"{"prompt": "a", "model": 3}"#, 400, "model"),
    ("/v1/completions", #"{"prompt": "a", "max_tokens": 0}"#, 400, "max_tokens"),
    ("/v1/completions", #"{"prompt": "a", "max_tokens": 1e99}"#, 400, "max_tokens"),
    ("/v1/completions", #"{"prompt": "a", "temperature": -1}"#, 400, "temperature"),
    ("/v1/completions", #"{"prompt": "a", "temperature": "hot"}"#, 400, "temperature"),
    ("/v1/completions", #"{"prompt": "a", "top_p": 2}"#, 400, "top_p"),
    ("/v1/completions", #"{"prompt": "a", "n": 1000}"#, 400, "n"),
    ("/v1/completions", #"{"prompt": "a", "stop": [1]}"#, 400, "stop"),
    ("/v1/completions", #"{"prompt": "a", "stop": ""}"#, 400, "stop"),
    ("/v1/completions", #"{"prompt": "a", "stream": "yes"}"#, 400, "stream"),
    ("/v1/completions", #"{"prompt": "a", "echo": true}"#, 400, "echo"),
    ("/v1/chat/completions", "{}", 400, "messages"),
    ("/v1/chat/completions", #"{"messages": []}"#, 400, "messages"),
    ("/v1/chat/completions", #"{"messages": ["hi"]}"#, 400, "messages[0]"),
    (
      "/v1/chat/completions", #"{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}"#, 400,
      "messages[0].content"
    ),
    (
      "/v1/chat/completions", #"{"messages": [{"role": "user", "content": "a"}], "tools": [{}]}"#, 400,
      "tools"
    ),
    ("/v1/load_lora_adapter", "{}", 400, "lora_name"),
    ("/v1/nothing", "{}", 404, "/v1/nothing"),
    ("/v1/models", "{}", 405, "GET"),
  ]

  @Test func mistakesAreNamed() async throws {
    let server = try await ServerTests.Running()
    for (path, body, status, words) in Self.requests {
      let answer = try server.ask("POST", path, body)
      #expect(answer.status == status, "\(path) \(body)")
      let message = try JSONValue.parse(answer.body)["error"]?["message"]?.stringValue
      #expect(message?.contains(words) == true, "\(path) \(body): \(answer.body)")
    }
    #expect(try server.ask("DELETE", "/v1/completions").status == 405)
    #expect(try server.ask("GET", "/health").status == 200)
    try await server.stop()
  }

  @Test func aPromptLongerThanTheContextIsRefused() async throws {
    let server = try await ServerTests.Running()
    let prompt = String(repeating: "once upon a time ", count: 200)
    let (status, answer) = try server.json("/v1/completions", ["prompt": .string(prompt)])
    #expect(status == 400)
    #expect(answer["error"]?["code"]?.stringValue == "context_length_exceeded")
    try await server.stop()
  }

  @Test(
    arguments: [
      ("nonsense\r\n\r\n", 400), ("GET /health HTTP/9.9\r\n\r\n", 400), ("\u{16}\u{3}\u{1}\r\n\r\n", 400),
      ("POST /v1/completions HTTP/1.1\r\ncontent-length: ten\r\n\r\n", 400),
      ("GET /health HTTP/1.1\r\nx: \(String(repeating: "a", count: 200_000))\r\n\r\n", 431),
    ])
  func whatIsNotHTTPIsAnsweredAndClosed(_ text: String, _ status: Int) async throws {
    let server = try await ServerTests.Running()
    let client = try SocketClient(port: server.port)
    client.send(text)
    let answer = try ServerTests.Running.parse(client.receive())
    #expect(answer.status == status)
    #expect(try JSONValue.parse(answer.body)["error"]?["message"] != nil)
    #expect(try server.ask("GET", "/health").status == 200)
    try await server.stop()
  }

  @Test func aBodyThatIsTooLargeIsRefused() async throws {
    let server = try await ServerTests.Running()
    let answer = try server.ask("POST", "/v1/completions", String(repeating: " ", count: 17 << 20))
    #expect(answer.status == 413)
    #expect(try server.ask("GET", "/health").status == 200)
    try await server.stop()
  }

  @Test func aConnectionServesSeveralRequestsAndBodiesInChunks() async throws {
    let server = try await ServerTests.Running()
    let client = try SocketClient(port: server.port)
    let body = #"{"prompt": "once upon", "max_tokens": 2, "temperature": 0}"#
    let halves = (body.prefix(20), body.dropFirst(20))
    for _ in 0..<3 {
      client.send("POST /v1/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
      for half in [halves.0, halves.1] { client.send("\(String(half.utf8.count, radix: 16))\r\n\(half)\r\n") }
      client.send("0\r\n\r\n")
      #expect(client.receive { $0.contains("total_tokens") }.hasPrefix("HTTP/1.1 200"))
    }
    try await server.stop()
  }

  @Test func aClientThatGoesAwayEndsItsText() async throws {
    let server = try await ServerTests.Running()
    let body =
      #"{"prompt": "once upon", "max_tokens": 200, "min_tokens": 200, "temperature": 1, "stream": true, "n": 16}"#
    for _ in 0..<6 {
      let client = try SocketClient(port: server.port)
      client.send("POST /v1/completions HTTP/1.1\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
      _ = client.receive { $0.contains("data: ") }
      client.disconnect()
    }
    // Six times 16 rows would leave no room for this, were they still written.
    let (status, answer) = try server.json(
      "/v1/completions", ["prompt": "the", "max_tokens": 2, "min_tokens": 2, "n": 16])
    #expect(status == 200)
    #expect(answer["usage"]?["completion_tokens"]?.intValue == 32)
    try await server.stop()
  }

  @Test func stoppingLetsWhatIsUnderWayEnd() async throws {
    let server = try await ServerTests.Running()
    let client = try SocketClient(port: server.port)
    let idle = try SocketClient(port: server.port)
    let body =
      #"{"prompt": "once upon", "max_tokens": 40, "min_tokens": 40, "temperature": 0, "stream": true}"#
    client.send("POST /v1/completions HTTP/1.1\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
    var answer = client.receive { $0.contains("data: ") }
    try await server.stop()
    answer += client.receive()
    #expect(answer.contains("data: [DONE]"))
    #expect(idle.receive().isEmpty)
    #expect(throws: (any Error).self) { try SocketClient(port: server.port) }
  }
}
