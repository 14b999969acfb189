import FineTuning
import Foundation
import JSON
import Models
import PEFT
import Testing
import Training

/// Rows of data beside a soft prompt: what room is left, and what is learned.
struct PromptRowsTests {
  private func run(_ method: String, _ fields: JSONObject) throws -> FineTuningRun {
    let method = try MethodRegistry.method(named: method, fields)
    let golden =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Golden"
    return try FineTuningRun(
      FineTuningPlan(
        model: "\(golden)/models/rope-dynamic", data: "\(golden)/training/rows.jsonl",
        adapter: AdapterConfiguration(method)))
  }

  /// Positions are for the prompt too.
  @Test(arguments: ["prompt-tuning", "p-tuning", "prefix-tuning", "lora"])
  func virtualTokensTakeRoom(method: String) throws {
    let fields: JSONObject = method == "lora" ? [:] : ["num_virtual_tokens": 4]
    let run = try run(method, fields)
    let room = run.model.model.contextLength
    #expect(room == (method == "lora" ? 16 : 12))
    #expect(run.examples.examples.map(\.ids.count).max() == room)
    #expect(run.warnings.contains { $0.contains("were cut to \(room) tokens") })
    #expect(
      run.examples.examples.allSatisfy { $0.isLed == ["prompt-tuning", "p-tuning"].contains(method) })
  }

  @Test func aPromptThatLeavesNoRoomIsRefused() throws {
    let error = try #require(throws: (any Error).self) {
      try run("prompt-tuning", ["num_virtual_tokens": 16])
    }
    #expect("\(error)".contains("num_virtual_tokens is 16: must be below 16"))
  }
}
