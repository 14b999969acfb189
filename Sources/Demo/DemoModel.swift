import Foundation

/// The small language model that the project ships: where its folder is.
public enum DemoModel {
  /// Beside the program, in the share of an installation, or in the sources that it was built from.
  private static var candidates: [String] {
    let program = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0])
      .deletingLastPathComponent()
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return [
      program.appendingPathComponent("swift-peft_Demo.resources/demo-model"),
      program.appendingPathComponent("swift-peft_Demo.bundle/demo-model"),
      program.appendingPathComponent("../share/swift-peft/demo-model"),
      sources.appendingPathComponent("Resources/demo-model"),
    ].map(\.path)
  }

  /// The model's folder, in Hugging Face layout; nil when it was not installed with the program.
  public static var folder: String? {
    candidates.first { FileManager.default.fileExists(atPath: $0 + "/config.json") }
  }
}
