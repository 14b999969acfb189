import Foundation
import JSON
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// `peft serve` as a process: it says where it listens, answers as `peft generate` does, and ends when told to.
@Suite(.serialized) struct ServeCommandTests {
  private let model =
    URL(fileURLWithPath: Golden.root).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Sources/Demo/Resources/demo-model").path

  @Test func itAnswersAsGenerateDoesAndEndsWhenTold() async throws {
    let (process, output) = (Process(), Pipe())
    process.executableURL = Executable.program
    process.arguments = ["serve", "--model", model, "--port", "0", "--dtype", "float32", "--json", "--quiet"]
    (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
    try process.run()
    defer { if process.isRunning { process.terminate() } }
    let line = try JSONValue.parse(Self.line(output.fileHandleForReading))
    let (port, name) = (try #require(line["port"]?.intValue), try #require(line["model"]?.stringValue))
    var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)/v1/completions")))
    request.httpMethod = "POST"
    let body: JSONValue = [
      "model": .string(name), "prompt": "once upon", "max_tokens": 6, "temperature": 0,
    ]
    request.httpBody = Data(body.serialized().utf8)
    let (data, _) = try await URLSession.shared.data(for: request)
    let generated = try Executable([
      "generate", "--model", model, "--prompt", "once upon", "--max-new-tokens", "6", "--dtype", "float32",
      "--json",
    ])
    let answer = try JSONValue.parse([UInt8](data))
    #expect(try answer["choices"]?[0]?["text"] == JSONValue.parse(generated.output)["text"])
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 0)
  }

  @Test func aPortThatIsTakenIsSaid() throws {
    let first = try Executable(["serve", "--model", model, "--host", "256.1.1.1", "--quiet"])
    #expect(first.code == 69 && first.errors.contains("256.1.1.1"), "\(first.errors)")
    #expect(try Executable(["serve", "--model", model, "--port", "70000"]).code == 64)
  }

  private static func line(_ handle: FileHandle) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let byte = try handle.read(upToCount: 1)?.first, byte != 0x0A { bytes.append(byte) }
    return bytes
  }
}
