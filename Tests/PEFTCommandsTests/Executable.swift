import Foundation

/// The program itself, as a process: what it prints, and how it ends.
struct Executable {
  let code: Int32
  let output: String
  let errors: String

  /// The folder that the package is built into.
  private static var products: URL {
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
    return (bundle?.bundleURL ?? Bundle.main.bundleURL).deletingLastPathComponent()
  }

  static var program: URL {
    let beside = Bundle.main.bundleURL.appendingPathComponent("peft")
    return FileManager.default.isExecutableFile(atPath: beside.path)
      ? beside : products.appendingPathComponent("peft")
  }

  /// Runs `peft` with `arguments` and waits for its end.
  ///
  /// - Parameter environment: what is set besides this process's own variables.
  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    let (process, output, errors) = (Process(), Pipe(), Pipe())
    process.executableURL = Self.program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    (process.standardOutput, process.standardError) = (output, errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Both are short enough for the pipes' buffers to take what the other has not read.
    self.output = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    self.errors = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    code = process.terminationStatus
  }
}
