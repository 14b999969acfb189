import ArgumentParser
import Torch

/// Where and how a model runs; shared by every command that computes.
struct EngineOptions: ParsableArguments {
  @Option(help: "auto, cpu, cuda, cuda:N or mps.")
  var device = "auto"

  @Option(help: "float32, bfloat16, float16, or auto: as the checkpoint.")
  var dtype = "auto"

  @Option(help: "The same seed, machine and thread count give the same bits (default: 42).")
  var seed: UInt64?

  @Option(help: "Threads to compute with; all cores by default.")
  var threads: Int?

  static let usualSeed: UInt64 = 42

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads is \(threads): must be at least 1") }
  }

  /// Applies threads and seed to the process, and finds the device.
  ///
  /// - Throws: ``Failure`` for an unknown or missing device.
  func start() throws -> Device {
    if let threads { Engine.threads = threads }
    try Generator.seedAll(seed ?? Self.usualSeed)
    do {
      return try Device(parsing: device)
    } catch let error as TorchError {
      throw Failure(error.code == .unavailable ? .unavailable : .usage, error.message)
    }
  }

  /// The type to load weights in; nil as they are.
  func loadedType() throws -> DType? {
    guard dtype != "auto" else { return nil }
    guard let type = DType(named: dtype), [.float32, .bfloat16, .float16].contains(type) else {
      let hint = Suggestion.hint(dtype, among: ["auto", "float32", "bfloat16", "float16"])
      throw Failure(.usage, "--dtype is '\(dtype)'\(hint): must be auto, float32, bfloat16 or float16")
    }
    return type
  }
}

/// How a command speaks.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON object on stdout.")
  var json = false

  @Flag(help: "Print no progress on stderr.")
  var quiet = false

  /// A line on stderr, unless silenced.
  func note(_ text: String) { if !quiet { Console.error(text) } }
}
