import Files
import Foundation
import JSON
import Torch

/// What a run was asked for and what it ran on: `run.json`.
public struct RunDescription: Sendable {
  public var title: String
  /// One line below the title, such as the model and the method.
  public var subtitle: String
  /// What the run was asked for besides the options of the loop; objects inside become tables of their own.
  public var configuration: JSONObject
  /// What it ran on.
  public var environment: JSONObject
  /// What the user should know, such as how many rows were cut.
  public var warnings: [String]
  /// Lines to type next.
  public var commands: [String]

  public init(
    title: String = "Fine-tuning", subtitle: String = "", configuration: JSONObject = [:],
    environment: JSONObject = RunDescription.machine(), warnings: [String] = [], commands: [String] = []
  ) {
    (self.title, self.subtitle) = (title, subtitle)
    (self.configuration, self.environment) = (configuration, environment)
    (self.warnings, self.commands) = (warnings, commands)
  }

  /// This machine and its engine.
  public static func machine(_ device: Device = .cpu) -> JSONObject {
    [
      "device": .string("\(device)"), "threads": .int(Engine.threads), "libtorch": .string(Engine.version),
      "system": .string(ProcessInfo.processInfo.operatingSystemVersionString),
    ]
  }

  var json: JSONObject {
    [
      "title": .string(title), "subtitle": .string(subtitle), "configuration": .object(configuration),
      "environment": .object(environment), "warnings": .array(warnings.map(JSONValue.string)),
      "commands": .array(commands.map(JSONValue.string)),
    ]
  }

  init(json object: JSONObject) {
    func strings(_ key: String) -> [String] { (object[key]?.arrayValue ?? []).compactMap(\.stringValue) }
    self.init(
      title: object["title"]?.stringValue ?? "Fine-tuning", subtitle: object["subtitle"]?.stringValue ?? "",
      configuration: object["configuration"]?.objectValue ?? [:],
      environment: object["environment"]?.objectValue ?? [:], warnings: strings("warnings"),
      commands: strings("commands"))
  }

  func write(to path: String) throws {
    try AtomicFile.write(path, JSONValue.object(json).serialized(indent: 2) + "\n")
  }
}
